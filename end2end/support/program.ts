import { type ChildProcess, spawn } from 'node:child_process';

const running = new Set<Program>();
process.on('exit', () => running.forEach((program) => program.signal('SIGKILL')));

/** A program that runs beside the test, in a process group of its own; what it says is kept. */
export class Program {
  /** All that it wrote so far, both streams as they came. */
  output = '';
  private readonly child: ChildProcess;
  private readonly ended: Promise<number>;

  constructor(command: string, args: string[], options: { cwd?: string; env?: NodeJS.ProcessEnv } = {}) {
    this.child = spawn(command, args, { ...options, detached: true, stdio: 'pipe' });
    running.add(this);
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => (this.output += text));
    }
    // Writing to a program that has just ended is no fault of the test.
    this.child.stdin?.on('error', () => {});
    this.ended = new Promise((resolve) => {
      this.child.on('error', (error) => {
        this.output += String(error);
        running.delete(this);
        resolve(-1);
      });
      this.child.on('close', (code) => {
        running.delete(this);
        resolve(code ?? -1);
      });
    });
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  get alive(): boolean {
    return running.has(this);
  }

  get lines(): string[] {
    return this.output.split('\n').filter((line) => line !== '');
  }

  write(bytes: string | Buffer): void {
    this.child.stdin?.write(bytes);
  }

  /** The exit code; -1 when it was killed or never started. */
  exit(): Promise<number> {
    return this.ended;
  }

  signal(signal: NodeJS.Signals): void {
    if (!this.alive || this.pid === 0) return;
    try {
      process.kill(-this.pid, signal);
    } catch {
      // It ended in this moment.
    }
  }

  /** Asks it to end as Ctrl-C does; one that does not within ten seconds is killed, and that is an error. */
  async stop(): Promise<void> {
    this.signal('SIGINT');
    let stuck = false;
    const patience = setTimeout(() => {
      stuck = true;
      this.signal('SIGKILL');
    }, 10_000);
    await this.ended;
    clearTimeout(patience);
    if (stuck) throw new Error(`did not end on SIGINT within 10 s:\n${this.output.slice(-2000)}`);
  }
}

/** Runs a program to its end. */
export async function run(command: string, args: string[], options: { cwd?: string; env?: NodeJS.ProcessEnv } = {}) {
  const program = new Program(command, args, options);
  return { code: await program.exit(), output: program.output };
}

/** Waits until a check gives something. */
export async function until<T>(what: string, check: () => T | Promise<T>, timeout = 15_000): Promise<NonNullable<T>> {
  const end = Date.now() + timeout;
  for (;;) {
    const found = await check();
    if (found) return found;
    if (Date.now() > end) throw new Error(`not within ${timeout} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
