import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Program, run, until } from './program';

export const repository = path.resolve(__dirname, '../..');
const programs = path.join(repository, 'target/release');

/** The password of user `admin` on every server that a test starts. */
export const password = 'correct horse battery staple';

/** Where the honeypots of this test listen. */
export interface Ports {
  ssh: number;
  telnet: number;
  web: number;
  catchAll: number[];
}

/** A server with an empty data folder and the sensors that a test gave it. */
export class Skep {
  readonly sensors: Program[] = [];

  private constructor(
    readonly url: string,
    readonly folder: string,
    readonly ports: Ports,
    readonly server: Program,
    private readonly tlsUrl: string,
    private readonly env: NodeJS.ProcessEnv,
  ) {}

  /** Starts a server; `unattended` ones have user `admin` and group `default` already. */
  static async start(unattended: boolean): Promise<Skep> {
    const [http = 0, tls = 0, ssh = 0, telnet = 0, web = 0, webTls = 0, ftp = 0, smtp = 0, ...catchAll] = await freePorts(14);
    const folder = mkdtempSync(path.join(tmpdir(), 'skep-'));
    // A sensor started by root gives up root, and must still reach its own folder in here.
    chmodSync(folder, 0o711);
    const env: NodeJS.ProcessEnv = {
      ...process.env,
      PATH: `${programs}:${process.env.PATH}`,
      HOME: folder,
      LEPTOS_ENV: 'PROD',
      LEPTOS_OUTPUT_NAME: 'skep',
      LEPTOS_SITE_ROOT: path.join(repository, 'target/site'),
      NO_COLOR: '1',
      SKEP_DEFAULT_PORTS: `ssh=${ssh},telnet=${telnet},http=${web},https=${webTls},ftp=${ftp},smtp=${smtp},catch-all=${catchAll.join('+')}`,
      SKEP_LOG: 'info,skep_server=debug,skep_hub=debug,skep_store=debug,skep_sensor=debug,skep_honeypots=debug',
      ...(unattended ? { SKEP_ADMIN_PASSWORD: password } : {}),
    };
    delete env.DATABASE_URL;
    delete env.FORCE_COLOR;
    const data = path.join(folder, 'server');
    const listen = ['--listen', `127.0.0.1:${http}`, '--listen-tls', `127.0.0.1:${tls}`];
    const server = new Program('skep-server', ['serve', '--data', data, ...listen], { cwd: folder, env });
    const url = `http://127.0.0.1:${http}`;
    const skep = new Skep(url, folder, { ssh, telnet, web, catchAll }, server, `https://127.0.0.1:${tls}`, env);
    try {
      await until('the server answers', async () => {
        if (!server.alive) throw new Error(`the server ended:\n${server.output}`);
        return fetch(`${url}/healthz`).then((answer) => answer.ok, () => false);
      }, 30_000);
    } catch (error) {
      await skep.stop();
      throw error;
    }
    return skep;
  }

  /** Runs `skep-server` with other arguments on the same data. */
  async command(...args: string[]): Promise<string> {
    const all = [...args, '--data', path.join(this.folder, 'server')];
    const { code, output } = await run('skep-server', all, { cwd: this.folder, env: this.env });
    if (code !== 0) throw new Error(`skep-server ${args.join(' ')} failed:\n${output}`);
    return output;
  }

  /** Starts the local sensor, as `make run` does, and waits until its honeypots listen. */
  async startSensor(): Promise<Program> {
    const token = (await this.command('local-sensor')).trimEnd().split('\n').at(-1) ?? '';
    const data = path.join(this.folder, 'local-sensor');
    const args = ['run', '--server', this.tlsUrl, '--data', data, '--token', token];
    return this.watchSensor(new Program('skep-sensor', args, { cwd: this.folder, env: this.env }));
  }

  /** Stops the local sensor and starts it again, as it is. */
  async restartSensor(): Promise<Program> {
    await this.sensors.at(-1)?.stop();
    const args = ['run', '--data', path.join(this.folder, 'local-sensor')];
    return this.watchSensor(new Program('skep-sensor', args, { cwd: this.folder, env: this.env }));
  }

  /** An API token that may do everything. */
  async token(name = 'test'): Promise<string> {
    const output = await this.command('token', 'create', '--name', name, '--role', 'admin');
    return output.trimEnd().split('\n').at(-1) ?? '';
  }

  /** Runs the command that the console offered, word for word, as on another machine. */
  async startSensorBy(command: string): Promise<Program> {
    const home = path.join(this.folder, 'second');
    mkdirSync(home);
    chmodSync(home, 0o711);
    const env = { ...this.env, HOME: home, SKEP_DATA: path.join(home, 'data') };
    return this.watchSensor(new Program('bash', ['-c', command], { cwd: home, env }));
  }

  private async watchSensor(sensor: Program): Promise<Program> {
    this.sensors.push(sensor);
    const wanted = [this.ports.ssh, this.ports.telnet, ...this.ports.catchAll];
    await until('the honeypots listen', () => {
      if (!sensor.alive) throw new Error(`the sensor ended:\n${sensor.output}`);
      const open = listeningPorts();
      return wanted.every((port) => open.has(port));
    }, 30_000);
    return sensor;
  }

  /** What server and sensors logged. */
  get log(): string[] {
    return [this.server, ...this.sensors].flatMap((program) => program.lines);
  }

  async stop(): Promise<void> {
    try {
      for (const program of [...this.sensors, this.server]) await program.stop();
    } finally {
      for (const program of [...this.sensors, this.server]) program.signal('SIGKILL');
      rmSync(this.folder, { recursive: true, force: true });
    }
  }
}

/** TCP ports of this machine that somebody listens on; looking does not touch them, as connecting would. */
function listeningPorts(): Set<number> {
  const listening = '0A';
  const ports = new Set<number>();
  for (const table of ['/proc/net/tcp', '/proc/net/tcp6']) {
    for (const line of readFileSync(table, 'utf8').split('\n').slice(1)) {
      const [, local, , state] = line.trim().split(/\s+/);
      if (state === listening) ports.add(Number.parseInt(local?.split(':').at(-1) ?? '', 16));
    }
  }
  return ports;
}

/** Ports that nobody has at the moment. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer();
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      return server;
    }),
  );
  const ports = servers.map((server) => {
    const address = server.address();
    return typeof address === 'object' && address ? address.port : 0;
  });
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}
