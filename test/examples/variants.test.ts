/** @file What the variants print: the broken net infers worse or moves no averages, the mended one does neither. */

import { report, run, type Variant } from '../../examples/variants/study';
import { variant as v1 } from '../../examples/variants/v1';
import { variant as v2 } from '../../examples/variants/v2';
import { variant as v3 } from '../../examples/variants/v3';
import { variant as v4 } from '../../examples/variants/v4';
import { variant as v5a } from '../../examples/variants/v5a';
import { variant as v5b } from '../../examples/variants/v5b';
import { variant as v6 } from '../../examples/variants/v6';
import * as tf from '../../src';

beforeAll(() => tf.logging.setVerbosity(tf.logging.ERROR));
afterAll(() => tf.logging.setVerbosity(tf.logging.WARN));

const VARIANTS: readonly [string, Variant][] = Object.entries({ v1, v2, v3, v4, v5a, v5b, v6 });

test.each(VARIANTS)(
  '%s: broken, the averages stay 0; mended, inference is as good as training',
  async (name, variant) => {
    const broken = await run(variant.broken);
    expect(broken.mean).toEqual([0, 0, 0, 0]);
    expect(broken.updateOps).toBe(name === 'v6' ? 0 : 2);
    if (name === 'v6') expect(broken.trained).toBe(broken.inferred);
    else expect(broken.inferred).toBeLessThan(broken.trained - 0.3);
    const mended = await run(variant.mended);
    expect(mended.mean.every((m) => Math.abs(m) > 1)).toBe(true);
    expect(mended.trained).toBeGreaterThan(0.9);
    expect(mended.inferred).toBeGreaterThan(mended.trained - 0.05);
  },
);

test.each(VARIANTS)('%s prints both ways with their lines', async (name, variant) => {
  const text = await report(variant);
  expect(text.startsWith(`${name.replace('v', 'V')}: `)).toBe(true);
  expect(text).toMatch(/broken +training \d+ % +inference \d+ % +moving_mean \[0\.00, 0\.00, 0\.00, 0\.00\]/);
  expect(text).toMatch(/mended +training 97 % +inference 97 %/);
  for (const line of [...variant.brokenLines.trim().split('\n'), ...variant.mendedLines.trim().split('\n')]) {
    expect(text).toContain(line);
  }
});
