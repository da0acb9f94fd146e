import { createConnection } from 'node:net';
import { Program, run, until } from './program';

const host = '127.0.0.1';

const sshOptions = (port: number) => [
  ...['StrictHostKeyChecking=no', 'UserKnownHostsFile=/dev/null', 'LogLevel=ERROR'].flatMap((option) => ['-o', option]),
  ...['PreferredAuthentications=password', 'NumberOfPasswordPrompts=1'].flatMap((option) => ['-o', option]),
  ...['-F', '/dev/null', '-p', String(port)],
];

/** One try to log in by the real client; gives the client's exit code. */
export async function sshLogin(port: number, user: string, secret: string): Promise<number> {
  const args = ['-p', secret, 'ssh', ...sshOptions(port), `${user}@${host}`, 'exit'];
  return (await run('sshpass', args)).code;
}

/** One try to log in by the real client, the password taken from a file: it may be any bytes that no terminal edits. */
export async function sshSecret(port: number, user: string, file: string): Promise<void> {
  await run('sshpass', ['-f', file, 'ssh', ...sshOptions(port), `${user}@${host}`, 'exit']);
}

/** Runs one command by the real client, the command taken from a file: it may be any bytes but NUL and line ends. */
export async function sshExec(port: number, user: string, secret: string, file: string): Promise<void> {
  const script = 'exec sshpass -p "$1" ssh "${@:3}" "$(cat "$2")"';
  await run('bash', ['-c', script, 'bash', secret, file, ...sshOptions(port), `${user}@${host}`]);
}

/** A person at a shell: types a line, reads on until the next prompt. */
export class Shell {
  private constructor(private readonly client: Program) {}

  /** An interactive ssh session. */
  static async ssh(port: number, user: string, secret: string): Promise<Shell> {
    const shell = new Shell(new Program('sshpass', ['-p', secret, 'ssh', '-tt', ...sshOptions(port), `${user}@${host}`]));
    await shell.prompt();
    return shell;
  }

  /** A session of the telnet program, logged in. */
  static async telnet(port: number, user: string, secret: string): Promise<Shell> {
    const shell = new Shell(new Program('telnet', [host, String(port)]));
    await shell.says(/login: ?$/i);
    shell.send(user);
    await shell.says(/password: ?$/i);
    shell.send(secret);
    await shell.prompt();
    return shell;
  }

  async type(line: string): Promise<void> {
    this.send(line);
    await this.prompt();
  }

  /** Leaves by the shell's own way out. */
  async leave(): Promise<void> {
    this.send('exit');
    const patience = setTimeout(() => this.client.signal('SIGKILL'), 5_000);
    await this.client.exit();
    clearTimeout(patience);
  }

  private send(line: string): void {
    this.client.output = '';
    this.client.write(`${line}\n`);
  }

  private prompt(): Promise<boolean> {
    return this.says(/[#$] ?$/);
  }

  private says(pattern: RegExp): Promise<boolean> {
    return until(`${pattern} from the honeypot`, () => {
      if (pattern.test(plain(this.client.output))) return true;
      if (!this.client.alive) throw new Error(`the client ended:\n${this.client.output}`);
      return false;
    });
  }
}

/** Text without a terminal's escape sequences. */
function plain(text: string): string {
  return text.replace(/\x1b\[[0-9;?]*[A-Za-z]/g, '');
}

/** A connect scan by the real scanner. */
export async function nmap(ports: number[]): Promise<void> {
  const { code, output } = await run('nmap', ['-sT', '-Pn', '-n', '-p', ports.join(','), host]);
  if (code !== 0) throw new Error(output);
}

/** One raw connection: sends the bytes, reads what comes back for a moment. */
export async function send(port: number, bytes: Buffer): Promise<void> {
  const socket = createConnection(port, host);
  socket.on('error', () => {});
  await new Promise<void>((resolve) => socket.once('connect', resolve).once('close', () => resolve()));
  await new Promise<void>((resolve) => socket.write(bytes, () => resolve()));
  await new Promise((resolve) => setTimeout(resolve, 200));
  socket.destroy();
}

/**
 * A telnet client without manners: answers each prompt with the next line, of any bytes, and hangs up when the
 * honeypot does or has nothing more to ask.
 */
export async function telnetLines(port: number, lines: Buffer[]): Promise<void> {
  const socket = createConnection(port, host);
  const waiting = [...lines];
  await new Promise<void>((resolve, reject) => {
    let seen = '';
    const patience = setTimeout(() => reject(new Error(`no prompt after: ${JSON.stringify(seen.slice(-200))}`)), 15_000);
    const done = () => {
      clearTimeout(patience);
      socket.destroy();
      resolve();
    };
    socket.on('error', done).on('close', done);
    socket.on('data', (bytes) => {
      seen += plain(bytes.toString('latin1'));
      if (!/(login: ?|password: ?|[#$] ?)$/i.test(seen)) return;
      seen = '';
      const line = waiting.shift();
      if (line) socket.write(Buffer.concat([doubled(line), Buffer.from('\r\n')]));
      else done();
    });
  });
}

/** Telnet's own escape: byte 255 as data is sent twice. */
function doubled(bytes: Buffer): Buffer {
  return Buffer.from([...bytes].flatMap((byte) => (byte === 255 ? [255, 255] : [byte])));
}
