/** @file The real TensorFlow, in a Python process of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type * as tf from '../../src';
import { decode, encode, type Wire } from './wire';

export interface Step {
  readonly fetch: readonly string[];
  readonly target: readonly string[];
  readonly feed: Readonly<Record<string, tf.Value>>;
}
export type Outcome = { readonly values: readonly tf.Value[] } | { readonly code: string; readonly message: string };

/** Static shapes by the names of the tensors; a dimension that is not known is null. */
export type Shapes = Readonly<Record<string, readonly (number | null)[] | null>>;

export interface Run {
  readonly outcomes: readonly Outcome[];
  readonly shapes: Shapes;
}
interface Answer {
  readonly version?: string;
  readonly failed?: string;
  readonly shapes?: Shapes;
  readonly steps?: readonly (
    | { readonly values: readonly Wire[] }
    | { readonly code: string; readonly message: string }
  )[];
}

export class Reference {
  readonly #process: ChildProcess;
  readonly #waiting: ((answer: Answer) => void)[] = [];
  #ended: string | undefined;

  private constructor(python: string) {
    this.#process = spawn(python, [join(__dirname, 'reference.py')], { stdio: ['pipe', 'pipe', 'ignore'] });
    createInterface({ input: this.#process.stdout! }).on('line', (line) => this.#waiting.shift()?.(JSON.parse(line)));
    const end = (why: string): void => {
      this.#ended = why;
      for (const answer of this.#waiting.splice(0)) answer({ failed: why });
    };
    this.#process.on('error', (e) => end(e.message));
    this.#process.on('exit', (code, signal) => end(`the Python process ended (${signal ?? code})`));
    this.#process.stdin!.on('error', () => {});
  }
  /** Throws where this Python has no TensorFlow of the version asked for. */
  static async start(python: string, version: string): Promise<Reference> {
    const reference = new Reference(python);
    const hello = await reference.#answer();
    if (hello.version === version) return reference;
    reference.stop();
    throw new Error(
      hello.version
        ? `${python} has TensorFlow ${hello.version}; this needs ${version}.`
        : `${python} has no TensorFlow ${version}: ${hello.failed}.`,
    );
  }
  #answer(): Promise<Answer> {
    if (this.#ended !== undefined) return Promise.resolve({ failed: this.#ended });
    return new Promise((resolve) => this.#waiting.push(resolve));
  }
  get alive(): boolean {
    return this.#ended === undefined;
  }
  /** What each step gives in one session. */
  async run(meta: Uint8Array, steps: readonly Step[]): Promise<Run> {
    return this.#send(meta, steps);
  }
  /** The same, with all that comes from outside or is rounded on the way moved by about an ulp. */
  async nudged(meta: Uint8Array, steps: readonly Step[], seed: number): Promise<readonly Outcome[]> {
    return (await this.#send(meta, steps, seed)).outcomes;
  }
  async #send(meta: Uint8Array, steps: readonly Step[], nudge?: number): Promise<Run> {
    const sent = steps.map((s) => ({
      ...s,
      feed: Object.fromEntries(Object.entries(s.feed).map(([name, value]) => [name, encode(value)])),
    }));
    const answer = this.#answer();
    if (this.alive)
      this.#process.stdin!.write(
        `${JSON.stringify({ meta: Buffer.from(meta).toString('base64'), steps: sent, nudge })}\n`,
      );
    const { failed, steps: outcomes, shapes } = await answer;
    if (!outcomes) throw new Error(`TensorFlow: ${failed}`);
    const decoded = outcomes.map((o): Outcome => ('values' in o ? { values: o.values.map(decode) } : o));
    return { outcomes: decoded, shapes: shapes ?? {} };
  }
  stop(): void {
    this.#process.kill();
  }
}
