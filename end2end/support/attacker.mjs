// The attacker of attack-to-screen.spec.ts, a process of its own so that its clock reading is its own write.
// Usage: attacker.mjs TELNET_PORT. It logs in once and says {"ready":true}; then it takes lines from stdin,
// "connect" or "command MARKER", does it, and says {"at": milliseconds} of the moment before the write.
import { createConnection } from 'node:net';
import { createInterface } from 'node:readline';

const port = Number(process.argv[2]);
const say = (value) => process.stdout.write(`${JSON.stringify(value)}\n`);

const session = createConnection(port, '127.0.0.1');
session.setNoDelay(true);
session.on('close', () => process.exit(1));
session.on('error', () => process.exit(1));
const answers = [/login: ?$/i, 'root', /password: ?$/i, 'root', /[#$] ?$/];
let seen = '';
session.on('data', (bytes) => {
  seen += bytes.toString('latin1').replace(/\x1b\[[0-9;?]*[A-Za-z]/g, '');
  if (answers.length === 0 || !answers[0].test(seen)) return;
  answers.shift();
  seen = '';
  const line = answers.shift();
  if (line === undefined) say({ ready: true });
  else session.write(`${line}\r\n`);
});

const actions = {
  connect() {
    const at = Date.now();
    const socket = createConnection(port, '127.0.0.1', () => setTimeout(() => socket.destroy(), 300));
    socket.on('error', () => {});
    return at;
  },
  command(marker) {
    const at = Date.now();
    session.write(`echo ${marker}\r\n`);
    return at;
  },
};

createInterface({ input: process.stdin })
  .on('line', (line) => {
    const [action, marker] = line.split(' ');
    say({ at: actions[action](marker) });
  })
  .on('close', () => process.exit(0));
