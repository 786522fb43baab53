/** @file What TFLearn prints to stdout while it trains. */
import { logging } from '../logging';

/** Prints as it stands; nothing where tf.logging's verbosity leaves warnings out. */
export function say(text: string): void {
  if (logging.getVerbosity() <= logging.WARN) process.stdout.write(text);
}
