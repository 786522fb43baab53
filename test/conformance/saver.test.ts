/** @file Saving and restoring: kept checkpoints, names, what is refused. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '../../src';
import { type Bench, bench, expectError, expectRunError, inGraph, plain } from './harness';

let dir = '';
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'saver-'));
});
afterEach(() => {
  rmSync(dir, { recursive: true, force: true });
});

const two = (b: Bench, x: number, y: number) =>
  b.build(() => {
    const v0 = new tf.Variable(x, { name: 'v0' });
    const v1 = new tf.Variable(y, { name: 'v1' });
    const missing = tf.reportUninitializedVariables();
    return { v0, v1, missing, saver: new tf.train.Saver({ v0, v1 }) };
  });

test('saver-01: variables come back, initialized or not', async () => {
  const path = join(dir, 'path');
  const [one, other, third] = [bench(), bench(), bench()];
  const { saver } = two(one, 10, 20);
  await one.init();
  expect(await saver.save(one.session, path)).toBe(path);

  const fresh = two(other, -1, -1);
  expect((await other.session.run(fresh.missing)).data).toHaveLength(2);
  await fresh.saver.restore(other.session, path);
  expect(await other.run([fresh.v0, fresh.v1])).toEqual([10, 20]);

  const set = two(third, 1000, 2000);
  await third.init();
  await set.saver.restore(third.session, path);
  expect(await third.run([set.v0, set.v1])).toEqual([10, 20]);
});

test('saver-02: there is nothing to restore from nowhere', async () => {
  const b = bench();
  const { saver, v0 } = two(b, 1, 2);
  await expectRunError('Value', 'The passed save_path is not a valid checkpoint: invalid path', () =>
    saver.restore(b.session, 'invalid path'),
  );
  await expectRunError('Value', "Can't load save_path when it is None.", () =>
    saver.restore(b.session, null as unknown as string),
  );
  await b.init();
  expect(plain(await b.session.run(v0))).toBe(1);
});

test('saver-03: a variable has one name', () =>
  inGraph(() => {
    const v = new tf.Variable(1, { name: 'v0' });
    expectError('Value', 'The same saveable will be restored with two names: v0', () => {
      new tf.train.Saver({ v0: v, v0too: v });
    });
  }));

test('saver-07: nothing to save is an error, unless it is allowed', async () => {
  const b = bench();
  const saver = b.build(() => {
    tf.constant(1);
    expectError('Value', 'No variables to save', () => new tf.train.Saver());
    return new tf.train.Saver(null, { allowEmpty: true });
  });
  expect(await saver.save(b.session, join(dir, 'path'))).toBeNull();
});

test('saver-08: the last checkpoints are kept', async () => {
  const b = bench();
  const [some, all] = b.build(() => {
    const v = new tf.Variable(10, { name: 'v' });
    return [new tf.train.Saver({ v }, { maxToKeep: 2 }), new tf.train.Saver({ v }, { maxToKeep: null })];
  });
  await b.init();
  const at = (name: string) => join(dir, name);
  const kept: string[][] = [];
  for (const name of ['s1', 's2', 's3', 's2', 's1']) {
    await some.save(b.session, at(name));
    kept.push(some.lastCheckpoints.map((path) => path.slice(dir.length + 1)));
    if (name === 's3') expect(existsSync(`${at('s1')}.index`)).toBe(false);
  }
  expect(kept).toEqual([['s1'], ['s1', 's2'], ['s2', 's3'], ['s3', 's2'], ['s2', 's1']]);
  await all.save(b.session, at('z'));
  expect(all.lastCheckpoints).toEqual([]);
});
