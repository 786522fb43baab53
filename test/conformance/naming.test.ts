/** @file Names of ops and scopes, as TensorFlow's ops_test.py has them. */
import * as tf from '../../src';
import { expectError, floatOutput, inGraph, names, opNames, testOps } from './harness';

const times = <T>(n: number, f: () => T): T[] => Array.from({ length: n }, f);

test('naming-01: successive names are made unique, and a made name is reserved', () =>
  inGraph((g) => {
    const u = (name: string) => g.uniqueName(name);
    expect(times(3, () => u('foo'))).toEqual(['foo', 'foo_1', 'foo_2']);
    expect(times(2, () => u('foo_1'))).toEqual(['foo_1_1', 'foo_1_2']);
    expect(u('foo_1_2')).toBe('foo_1_2_1');
    g.nameScope('bar', () => {
      expect(times(2, () => u('foo'))).toEqual(['bar/foo', 'bar/foo_1']);
      g.nameScope(null, () => expect(u('foo')).toBe('foo_3'));
      g.nameScope('baz', () => expect(times(2, () => u('foo'))).toEqual(['bar/baz/foo', 'bar/baz/foo_1']));
      g.nameScope('baz', () => expect(times(2, () => u('foo'))).toEqual(['bar/baz_1/foo', 'bar/baz_1/foo_1']));
    });
    g.nameScope('quux', () => expect(u('foo')).toBe('quux/foo'));
    g.nameScope('bar', () => g.nameScope('baz', () => expect(u('foo')).toBe('bar_1/baz/foo')));
    expect(u('foo')).toBe('foo_4');
    expect(u('bar')).toBe('bar_2');
    expect.assertions(11);
  }));

test('naming-02: asking without marking does not use the name up', () =>
  inGraph((g) => {
    const marks = [false, false, true, false, true];
    expect(marks.map((mark) => g.uniqueName('foo', mark))).toEqual(['foo', 'foo', 'foo', 'foo_1', 'foo_1']);
  }));

test('naming-03: a suffixed name made by hand is stepped over', () =>
  inGraph((g) => {
    expect(['foo_2', 'foo', 'foo', 'foo'].map((n) => g.uniqueName(n))).toEqual(['foo_2', 'foo', 'foo_1', 'foo_3']);
  }));

test('naming-04: names that differ only in case collide', () =>
  inGraph((g) => {
    expect([g.uniqueName('foo'), g.uniqueName('Foo')]).toEqual(['foo', 'Foo_1']);
    expect(g.nameScope('bar', () => g.uniqueName('foo'))).toBe('bar/foo');
    expect(g.nameScope('Bar', () => g.uniqueName('foo'))).toBe('Bar_1/foo');
  }));

test('naming-07: a scope answers its nested path with a slash, or nothing at the root', () =>
  inGraph((g) => {
    const seen: string[] = [];
    g.nameScope('foo', (a) => {
      seen.push(a);
      g.nameScope('foo2', (b) => seen.push(b));
      g.nameScope(null, (c) => {
        seen.push(c);
        g.nameScope('foo3', (d) => seen.push(d));
      });
      g.nameScope('', (e) => seen.push(e));
    });
    expect(seen).toEqual(['foo/', 'foo/foo2/', '', 'foo3/', '']);
  }));

test('naming-08: a name with a slash at its end is used as it is, a scope with one is continued', () =>
  inGraph((g) => {
    const make = (name?: string) => g.createOp('FloatOutput', [], {}, { name }).name;
    expect(make()).toBe('FloatOutput');
    g.nameScope('bar', (s) =>
      expect([make(), make(), make(s)]).toEqual(['bar/FloatOutput', 'bar/FloatOutput_1', 'bar']),
    );
    g.nameScope('baz', (s) => {
      g.nameScope('quux', () => expect(make()).toBe('baz/quux/FloatOutput'));
      g.nameScope(s, () =>
        expect([make(), make(s), make('trailing/')]).toEqual(['baz/FloatOutput', 'baz', 'trailing']),
      );
    });
    g.nameScope('bar', () => expect(make()).toBe('bar_1/FloatOutput'));
    g.nameScope('bar/', () => expect(make()).toBe('bar/FloatOutput_2'));
    expect.assertions(6);
  }));

test('naming-10: the default name counts only where the name is null, and the scope is of the values graph', () => {
  const g0 = new tf.Graph();
  const [a, b] = tf.withGraph(g0, () => [tf.constant(1, tf.int32), tf.constant(2, tf.int32)]);
  const values = [a, b];
  const graphs = new Set<tf.Graph>();
  const open = (name: string | null, defaultName: string | null) =>
    tf.nameScope(name, { defaultName, values }, (scope) => {
      graphs.add(tf.getDefaultGraph());
      return scope;
    });
  expect(open('my_scope', 'my_default_scope')).toBe('my_scope/');
  expect(open(null, 'my_default_scope')).toBe('my_default_scope/');
  expect(open('', 'my_default_scope')).toBe('');
  expect([...graphs]).toEqual([g0]);
  expectError('Value', '', () => open(null, null));
  expectError('Type', '', () => open('my_scope', [a, b] as never));
});

test('naming-11: values of two graphs in one scope are refused', () => {
  const a = inGraph(() => tf.constant(1, tf.int32));
  const b = inGraph(() => tf.constant(1, tf.int32));
  expectError('Value', 'must be from the same graph', () => tf.nameScope('my_scope', { values: [a, b] }, () => 0));
});

test('naming-12: a variable scope opens a name scope too', () =>
  inGraph((g) => {
    tf.nameScope('l0', () =>
      tf.variableScope('l1', () => {
        tf.nameScope('l1', (a) => expect([a, g.uniqueName('foo')]).toEqual(['l0/l1/l1/', 'l0/l1/l1/foo']));
        tf.nameScope('l2', (b) => expect([b, g.uniqueName('foo')]).toEqual(['l0/l1/l2/', 'l0/l1/l2/foo']));
      }),
    );
    expect.assertions(2);
  }));

test('naming-14: stripping a scope sees through ^ and loc:@ and takes whole components only', () => {
  const given = [
    'hidden1/hidden1/weights',
    'hidden1///hidden1/weights',
    '^hidden1/hidden1/weights',
    'loc:@hidden1/hidden1/weights',
    'hhidden1/hidden1/weights',
    'hidden1',
  ];
  const stripped = given.map((x) => tf.stripNameScope(x, 'hidden1'));
  expect(stripped).toEqual([
    'hidden1/weights',
    'hidden1/weights',
    '^hidden1/weights',
    'loc:@hidden1/weights',
    'hhidden1/hidden1/weights',
    'hidden1',
  ]);
  expect(stripped.map((x) => tf.prependNameScope(x, 'hidden2'))).toEqual([
    'hidden2/hidden1/weights',
    'hidden2/hidden1/weights',
    '^hidden2/hidden1/weights',
    'loc:@hidden2/hidden1/weights',
    'hidden2/hhidden1/hidden1/weights',
    'hidden2/hidden1',
  ]);
});

// Python makes the Operation from a NodeDef; here createOp is the only way to make one.
test.each(['', '_invalid', '-invalid', '/invalid', 'invalid:0'])(
  'naming-15: %j is no legal op name at the root',
  (name) =>
    inGraph((g) => expectError('Value', 'is not a valid node name', () => g.createOp('None', [], {}, { name }))),
);

test('naming-17: an input is written as op, or op:k, once per use', () =>
  inGraph((g) => {
    const f1 = floatOutput('myop1');
    const s2 = testOps.FloatOutputStringOutput({}, {}, 'myop2').b;
    testOps.Foo2({ x: f1, y: s2, z: s2 }, {}, 'myop3');
    const def = tf.asGraphDef(g).node.find((n) => n.name === 'myop3');
    expect(def?.input).toEqual(['myop1', 'myop2:1', 'myop2:1']);
    expect(names(s2.consumers())).toEqual(['myop3', 'myop3']);
  }));

test('naming-18: operators open a scope, so a literal operand is a constant in it', () =>
  inGraph((g) => {
    const a = tf.constant(1, { name: 'a' });
    expect(names([a.add(1), a.rmul(2), a.sub(a)])).toEqual(['add:0', 'mul:0', 'sub:0']);
    expect(names(g.getOperations().filter((op) => op.type === 'Const'))).toEqual(['a', 'add/y', 'mul/x']);
    expect(opNames()).toHaveLength(6);
  }));
