/** @file A progress bar on a terminal; nothing where the output goes to a file. */
import { SingleBar } from 'cli-progress';

export interface Progress {
  step(text: string): void;
  stop(): void;
}

export function progress(title: string, total: number): Progress {
  if (!process.stdout.isTTY) return { step: () => {}, stop: () => {} };
  const bar = new SingleBar({
    format: `${title} [{bar}] {value}/{total} {text}`,
    clearOnComplete: true,
    hideCursor: true,
  });
  bar.start(total, 0, { text: '' });
  return { step: (text) => bar.increment(1, { text }), stop: () => bar.stop() };
}
