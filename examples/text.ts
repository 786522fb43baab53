/** @file A text to learn from: Alice's Adventures in Wonderland by Lewis Carroll (1865), which is in the public domain. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The text, each paragraph on one line. */
export function alice(): string {
  const text = readFileSync(join(__dirname, 'data', 'alice.txt'), 'utf8');
  return text
    .split(/\n\n+/)
    .map((paragraph) => paragraph.trim().replace(/\s+/g, ' '))
    .join('\n');
}
