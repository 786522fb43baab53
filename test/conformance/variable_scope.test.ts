/** @file Variable scopes: names of variables and ops under them, sharing, defaults, getters. */
import * as tf from '../../src';
import { bench, expectClose, expectError, expectRunError, inGraph, names } from './harness';

const scope = tf.variableScope;
const scopeName = (name: string | null): string => tf.nameScope(name, (s) => s);
const w = (): string => tf.getVariable('w', []).name;

test('variable_scope-01: a scope object jumps for variables and nests for op names', () =>
  inGraph(() => {
    const [t, a] = scope('tower4', (t) => [t, scopeName('scope')] as const);
    const [b, c] = scope('tower5', () => scope('bar', (b) => [b, scopeName('scope')] as const));
    const [d, e] = scope('tower6', () => scope(t, (d) => [d, scopeName('scope')] as const, { reuse: true }));
    expect([t.name, a, b.name, c, d.name, e]).toEqual([
      'tower4',
      'tower4/scope/',
      'tower5/bar',
      'tower5/bar/scope/',
      'tower4',
      'tower6/tower4/scope/',
    ]);
  }));

test('variable_scope-03: originalNameScope is that of the first opening, and can be continued', () =>
  inGraph(() => {
    const [t, a] = tf.nameScope('scope1', () => scope('tower', (t) => [t, scopeName('scope2')] as const));
    expect([t.originalNameScope, a]).toEqual(['scope1/tower/', 'scope1/tower/scope2/']);
    tf.nameScope('scope2', () =>
      scope(t, (t1) => {
        expect([t1.originalNameScope, scopeName('foo')]).toEqual(['scope1/tower/', 'scope2/tower/foo/']);
        expect(tf.nameScope(t.originalNameScope, () => scopeName('bar'))).toBe('scope1/tower/bar/');
      }),
    );
    const d = tf.nameScope('scope2', () => scope(t, () => tf.nameScope(t.originalNameScope, () => scopeName('bar'))));
    expect(d).toBe('scope1/tower/bar_1/');
    expect.assertions(4);
  }));

test('variable_scope-06: default names count per full path, anew in a fresh parent', () =>
  inGraph(() => {
    const f = (defaultName: string) => scope(null, () => scope(null, w, { defaultName: 'layer' }), { defaultName });
    expect(['defaultScope1', 'defaultScope1', 'defaultScope', 'defaultScope1'].map(f)).toEqual([
      'defaultScope1/layer/w:0',
      'defaultScope1_1/layer/w:0',
      'defaultScope/layer/w:0',
      'defaultScope1_2/layer/w:0',
    ]);
  }));

test('variable_scope-07: entering and leaving the own scope object does not reset its counters', () =>
  inGraph(() =>
    scope('default', (d) => {
      const layer = () => scope(null, w, { defaultName: 'layer' });
      const [a, b] = [layer(), layer()];
      scope(d, () => 0);
      expect([a, b, layer()]).toEqual(['default/layer/w:0', 'default/layer_1/w:0', 'default/layer_2/w:0']);
    }),
  ));

test('variable_scope-08: entered again for reuse, default names start again and op scopes move on', () =>
  inGraph(() => {
    const inner = () => scope(null, () => [w(), scopeName('scope2')], { defaultName: 'default' });
    const [o, first] = scope('outer', (o) => [o, inner()] as const);
    const second = scope(o, inner, { reuse: true });
    expect([...first, ...second]).toEqual([
      'outer/default/w:0',
      'outer/default/scope2/',
      'outer/default/w:0',
      'outer_1/default/scope2/',
    ]);
  }));

test('variable_scope-09: what may be shared, and the errors', () =>
  inGraph(() =>
    scope('root', () => {
      const get = (shape = [1], options = {}) => tf.getVariable('v', shape, options);
      const [ta, va] = scope('towerA', (ta) => [ta, get()] as const);
      expect(scope(ta, () => get(), { reuse: true })).toBe(va);
      expectError('Value', 'Variable root/towerA/v already exists, disallowed.', () => scope('towerA', () => get()));
      const v = scope('foo', () =>
        scope('bar', () => {
          const v = get();
          expect(scope(ta, () => get(), { reuse: true })).toBe(va);
          return v;
        }),
      );
      expect([va.name, v.name]).toEqual(['root/towerA/v:0', 'root/foo/bar/v:0']);
      expectError(
        'Value',
        'Variable root/towerA/baz/v does not exist, or was not created with tf.get_variable().',
        () => scope(ta, () => scope('baz', () => get()), { reuse: true }),
      );
      expectError(
        'Value',
        'Trying to share variable root/towerA/v, but specified shape (2,) and found shape (1,).',
        () => scope(ta, () => get([2]), { reuse: true }),
      );
      expectError(
        'Value',
        'Trying to share variable root/towerA/v, but specified dtype int32 and found dtype float32',
        () => scope(ta, () => get([1], { dtype: tf.int32 }), { reuse: true }),
      );
    }),
  ));

test('variable_scope-11: variable names stay, op scopes count', () =>
  inGraph(() => {
    const o = scope('outer', (o) => o);
    scope(o, () => {
      expect([w(), scopeName('scope2')]).toEqual(['outer/w:0', 'outer_1/scope2/']);
      scope('default', () =>
        expect([w(), scopeName('scope2')]).toEqual(['outer/default/w:0', 'outer_1/default/scope2/']),
      );
    });
    scope(o, () => expect([w(), scopeName('scope2')]).toEqual(['outer/w:0', 'outer_2/scope2/']), { reuse: true });
    expect.assertions(3);
  }));

test('variable_scope-12: reuse needs a name', () =>
  inGraph(() =>
    expectError('Value', 'reuse=True cannot be used without a name_or_scope', () =>
      scope(null, () => 0, { defaultName: 'default', reuse: true }),
    ),
  ));

test('variable_scope-14: the scope has a default initializer, also given on entering again', async () => {
  const b = bench();
  const list = b.build(() => {
    const initializer = tf.constantInitializer(0.3);
    return scope('tower0', (t) => [
      scope('foo', () => tf.getVariable('v', []), { initializer }),
      scope(t, () => tf.getVariable('w', []), { initializer }),
    ]);
  });
  await b.init();
  expectClose(await b.run(list), [0.3, 0.3], 1e-6);
});

test('variable_scope-15: one loss per variable made; noRegularizer switches off; reuse adds none', async () => {
  const b = bench();
  const losses = b.build(() => {
    const initializer = tf.constantInitializer(0.3);
    const penalty = (x: number) => (v: tf.Variable) => tf.reduceMean(v).add(x);
    const get = (name: string, options = {}) => tf.getVariable(name, [], options);
    scope(
      'tower3',
      (t) => {
        scope('foo', () => get('v'), { initializer });
        scope(
          t,
          (vs) => {
            get('u');
            vs.setRegularizer(penalty(0.2));
            get('w');
            get('x', { regularizer: tf.noRegularizer });
            scope('baz', () => get('y'), { regularizer: tf.noRegularizer });
            vs.setRegularizer(tf.noRegularizer);
            get('z');
          },
          { initializer },
        );
        scope('foo', () => get('v'), { reuse: true });
      },
      { regularizer: penalty(0.1) },
    );
    return tf.getCollection<tf.Tensor>('regularization_losses');
  });
  await b.init();
  expectClose(await b.run(losses), [0.4, 0.4, 0.5], 1e-6);
});

test('variable_scope-16: a tensor as initializer gives shape and type', async () => {
  const b = bench();
  const v = b.build(() => {
    const initializer = tf.constant(0.1);
    const v = tf.getVariable('v', { initializer });
    expectError('Value', 'If initializer is a constant, do not specify shape.', () =>
      tf.getVariable('u', [1], { initializer }),
    );
    expect(tf.getVariable('t', { initializer: tf.constant(1, tf.int32) }).dtype).toBe('int32');
    expectError('Value', "don't match", () =>
      tf.getVariable('s', { initializer: tf.constant(1, tf.int32), dtype: tf.float64 }),
    );
    return v;
  });
  await b.run(v.initializer);
  expectClose(await b.run(v), 0.1, 1e-6);
});

test('variable_scope-17: getVariable in a dependency block is free of it', async () => {
  const b = bench();
  const { v1, sum } = b.build(() => {
    const make = (name: string, value: number) =>
      tf.getVariable(name, [1], { initializer: tf.constantInitializer(value) });
    const v0 = make('v0', 0);
    return tf.controlDependencies([v0.value()], () => {
      const v1 = make('v1', 1);
      return { v1, sum: v1.add(v0) };
    });
  });
  await b.run(v1.initializer);
  expect(await b.run(v1)).toEqual([1]);
  await expectRunError('FailedPrecondition', 'uninitialized', () => b.run(sum));
});

test('variable_scope-18: local variables', () =>
  inGraph(() => {
    const l = scope('outer', () => tf.getLocalVariable('w', [], { collections: ['foo'] }));
    expect(l.name).toBe('outer/w:0');
    expect(tf.localVariables()).toContain(l);
    expect(tf.getCollection('foo')).toContain(l);
    expect(tf.trainableVariables()).not.toContain(l);
  }));

test('variable_scope-20: a bad initializer function, and the default of strings', async () => {
  const b = bench();
  const s = b.build(() => {
    expectError(
      'Value',
      "The initializer passed is not valid. It should be a callable with no arguments and the shape should not be provided or an instance of `tf.keras.initializers.*' and `shape` should be fully defined.",
      () => tf.getVariable('foo', { initializer: (_: unknown) => [2] }),
    );
    return tf.getVariable('string', [], { dtype: tf.string });
  });
  await b.run(s.initializer);
  expect(await b.run(s)).toBe('');
});

test('variable_scope-21: ops made by a custom getter are named from the root', () =>
  inGraph(() => {
    const customGetter: tf.CustomGetter = (getter, name, options) =>
      tf.identity(getter(name, options), { name: options.reuse ? 'reused' : 'not_reused' }) as never;
    const get = () => tf.getVariable('v', [1]);
    const [s, v] = scope('scope', (s) => [s, get()] as const, { customGetter });
    expect(names([v, scope(s, get, { reuse: true })])).toEqual(['not_reused:0', 'reused:0']);
  }));

test('variable_scope-22: inner getters run first and call outer ones', () =>
  inGraph(() => {
    const pair =
      (word: string, join: (x: tf.Variable, y: tf.Variable) => tf.Tensor): tf.CustomGetter =>
      (getter, name, options) =>
        join(getter(`${name}/${word}_0`, options), getter(`${name}/${word}_1`, options)) as never;
    const product = pair('prod', (x, y) => x.mul(y));
    const sum = pair('sum', (x, y) => x.add(y));
    const get = () => tf.getVariable('v', [1, 2, 3]);
    const innermost = () => scope('inner_sum_scope', get, { customGetter: sum });
    scope('prod_scope', () => scope('sum_scope', innermost, { customGetter: sum }), { customGetter: product });
    const found = names(tf.trainableVariables());
    expect(found).toHaveLength(8);
    expect(found.slice(0, 3)).toEqual([
      'prod_scope/sum_scope/inner_sum_scope/v/sum_0/sum_0/prod_0:0',
      'prod_scope/sum_scope/inner_sum_scope/v/sum_0/sum_0/prod_1:0',
      'prod_scope/sum_scope/inner_sum_scope/v/sum_0/sum_1/prod_0:0',
    ]);
  }));

test('variable_scope-23: the inner creator is called first and hands changed arguments outward', () =>
  inGraph(() => {
    const seen: unknown[] = [];
    const v = tf.variableCreatorScope(
      (next, value, options) => {
        seen.push(options.name);
        return next(value, options);
      },
      () =>
        tf.variableCreatorScope(
          (next, value, options) => next(value, { ...options, name: 'forced_name' }),
          () => new tf.Variable(1, { name: 'one_name' }),
        ),
    );
    expect(seen).toEqual(['forced_name']);
    expect(v.name).toBe('forced_name:0');
  }));
