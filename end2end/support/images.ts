import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { run } from './program';
import { repository } from './skep';

/** The engine that `scripts/engine.sh` has started for these tests. */
export function engine(): string {
  const address = process.env.DOCKER_HOST;
  if (!address) throw new Error('no container engine: run the tests by `scripts/engine.sh npm test --prefix end2end`');
  return address;
}

/** Runs a program that must succeed. */
async function ok(program: string, ...args: string[]): Promise<string> {
  const { code, output } = await run(program, args);
  if (code !== 0) throw new Error(`${program} ${args.join(' ')} failed:\n${output}`);
  return output;
}

/** What a container engine has. */
export async function docker(...args: string[]): Promise<string[]> {
  return (await ok('docker', ...args)).split('\n').filter((line) => line !== '');
}

/** Makes an image of nothing but one static program. */
async function makeImage(folder: string, name: string, labels: Record<string, string>, command: string[]): Promise<void> {
  const root = path.join(folder, 'root');
  mkdirSync(root, { recursive: true });
  const source = path.join(repository, 'crates/containers/tests/support/honeypot.rs');
  const flags = ['--edition', '2024', '-C', 'opt-level=s', '-C', 'strip=symbols', '-C', 'target-feature=+crt-static'];
  await ok('rustc', ...flags, '-o', path.join(root, 'honeypot'), source);
  const layer = path.join(folder, 'layer.tar');
  await ok('tar', '-C', root, '-cf', layer, '.');
  const said = Object.entries(labels).map(([label, value]) => `LABEL ${label}="${value}"`);
  const changes = [`ENTRYPOINT ${JSON.stringify(['/honeypot', ...command])}`, 'EXPOSE 2222/tcp', ...said];
  await ok('docker', 'import', ...changes.flatMap((change) => ['-c', change]), layer, name);
}

/** An image of nothing but one static program, as `docker save` writes it. */
export async function savedImage(folder: string, label: string, ...command: string[]): Promise<string> {
  const [name, archive] = [`imitation:${label}`, path.join(folder, `${label}.tar`)];
  await makeImage(folder, name, { revision: label }, command);
  await ok('docker', 'save', name, '-o', archive);
  await ok('docker', 'rmi', name);
  return archive;
}

/** Pushes such an image to a server's registry. */
export async function push(server: URL, token: string, folder: string, label: string, port: number): Promise<void> {
  const name = `${server.host}/imitation:${label}`;
  const labels = { 'skep.events': 'json-lines', 'skep.ports': `2222/tcp:${port}`, revision: label };
  await makeImage(folder, name, labels, ['serve', '2222', 'json']);
  const docker = (...args: string[]) => ok('docker', '--config', path.join(folder, 'docker'), ...args);
  await docker('login', '--username', 'token', '--password', token, server.host);
  await docker('push', name);
  await docker('rmi', name);
}

/** A machine elsewhere, at the other end of a cable to this one. */
export class Elsewhere {
  static readonly v4 = '203.0.113.99';
  static readonly v6 = '2001:db8:77::99';
  /** This machine, as it is seen from there. */
  static readonly here = { v4: '203.0.113.1', v6: '2001:db8:77::1' };
  private static readonly space = 'skep-elsewhere';

  static async start(): Promise<Elsewhere> {
    const inside = (...args: string[]) => ok('ip', '-n', this.space, ...args);
    await ok('ip', 'netns', 'add', this.space);
    await ok('ip', 'link', 'add', 'skep-cable', 'type', 'veth', 'peer', 'name', 'eth0', 'netns', this.space);
    await ok('ip', 'addr', 'add', `${this.here.v4}/24`, 'dev', 'skep-cable');
    await ok('ip', 'addr', 'add', `${this.here.v6}/64`, 'dev', 'skep-cable', 'nodad');
    await ok('ip', 'link', 'set', 'skep-cable', 'up');
    await inside('addr', 'add', `${this.v4}/24`, 'dev', 'eth0');
    await inside('addr', 'add', `${this.v6}/64`, 'dev', 'eth0', 'nodad');
    await inside('link', 'set', 'eth0', 'up');
    return new Elsewhere();
  }

  /** Connects to this machine from there, types a line, and says what came. */
  async says(address: string, port: number, line: string): Promise<string> {
    const script = 'exec 3<>"/dev/tcp/$0/$1" && echo "$2" >&3 && timeout 1 cat <&3';
    const args = ['netns', 'exec', 'skep-elsewhere', 'bash', '-c', script, address, String(port), line];
    return (await run('ip', args)).output;
  }

  async stop(): Promise<void> {
    await ok('ip', 'netns', 'delete', 'skep-elsewhere');
  }
}
