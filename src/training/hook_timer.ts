/** @file When a hook's turn is: every so many steps or seconds. */
import { GraphError } from '../errors';

export interface HookTimer {
  reset(): void;
  shouldTriggerForStep(step: number): boolean;
  /** How long the last time is ago; null at the first time. */
  updateLastTriggeredStep(step: number): readonly [secs: number | null, steps: number | null];
  lastTriggeredStep(): number | null;
}
export interface TimerOptions {
  readonly everySecs?: number | null | undefined;
  readonly everySteps?: number | null | undefined;
}

/**
 * Triggers every so many seconds, or every so many steps, and at the first step asked for. Raises Value where not just
 * one of them is given.
 * @tensorflow tf.train.SecondOrStepTimer
 */
export class SecondOrStepTimer implements HookTimer {
  readonly #everySecs: number | null;
  readonly #everySteps: number | null;
  #last: { readonly step: number; readonly time: number } | null = null;

  constructor({ everySecs = null, everySteps = null }: TimerOptions = {}) {
    if (everySecs === null && everySteps === null) {
      throw new GraphError('Value', 'Either every_secs or every_steps should be provided.');
    }
    if (everySecs !== null && everySteps !== null) {
      throw new GraphError('Value', 'Can not provide both every_secs and every_steps.');
    }
    this.#everySecs = everySecs;
    this.#everySteps = everySteps;
  }
  reset(): void {
    this.#last = null;
  }
  shouldTriggerForStep(step: number): boolean {
    if (!this.#last) return true;
    if (this.#last.step === step) return false;
    if (this.#everySecs !== null) return seconds() >= this.#last.time + this.#everySecs;
    return step >= this.#last.step + this.#everySteps!;
  }
  updateLastTriggeredStep(step: number): readonly [secs: number | null, steps: number | null] {
    const last = this.#last;
    const time = seconds();
    this.#last = { step, time };
    return last ? [time - last.time, step - last.step] : [null, null];
  }
  lastTriggeredStep(): number | null {
    return this.#last?.step ?? null;
  }
}
const seconds = (): number => performance.now() / 1000;

export const neverTriggers: HookTimer = {
  reset() {},
  shouldTriggerForStep: () => false,
  updateLastTriggeredStep: () => [null, null],
  lastTriggeredStep: () => null,
};
