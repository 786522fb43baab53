/** @file Datasets that begin with tensors, and those that put datasets side by side or one after the other. */
import { GraphError } from '../errors';
import { func, int, shapes, types } from '../graph/opdef';
import type { Slot } from '../kernels/memory';
import { sizeOf } from '../value/shape';
import { Value } from '../value/value';
import { defineStage, elementAttrs, elementsOf } from './define_stage';
import { type Element, type Next, Stage, stageIn } from './stage';
import { capture, valueOf, withoutFunction } from './traversal';

const tensorAttrs = { Toutput_types: types(), output_shapes: shapes() };

export const TensorDataset = defineStage({
  name: 'TensorDataset',
  inputs: { components: '[Toutput_types]' },
  attrs: tensorAttrs,
  stateful: true,
  build({ components }, { Toutput_types, output_shapes }) {
    const element = components.map(valueOf);
    return new Stage('Tensor', { types: Toutput_types, shapes: output_shapes }, [], () => once(element));
  },
});
function once(element: Element): Next {
  let left: Element | null = element;
  return () => {
    const found = left;
    left = null;
    return found;
  };
}

export const TensorSliceDataset = defineStage({
  name: 'TensorSliceDataset',
  inputs: { components: '[Toutput_types]' },
  attrs: tensorAttrs,
  stateful: true,
  build({ components }, { Toutput_types, output_shapes }) {
    const whole = components.map(valueOf);
    const n = whole[0]?.shape[0];
    if (n === undefined) throw new GraphError('InvalidArgument', 'All components must be at least 1-dimensional');
    if (whole.some((v) => v.shape[0] !== n)) {
      throw new GraphError('InvalidArgument', 'All components must have the same size in the 0th dimension');
    }
    const rows = whole.map(rowsOf);
    return new Stage('TensorSlice', { types: Toutput_types, shapes: output_shapes }, [], () => {
      let i = 0;
      return () => {
        if (i === n) return null;
        i += 1;
        return rows.map((row) => row(i - 1));
      };
    });
  },
});
/** The rows of a value, as views of its cells. */
export function rowsOf({ dtype, shape, data }: Value): (i: number) => Value {
  const inner = shape.slice(1);
  const size = sizeOf(inner);
  return (i) => new Value(dtype, inner, data.subarray(i * size, (i + 1) * size));
}

export const RangeDataset = defineStage({
  name: 'RangeDataset',
  inputs: { start: 'int64', stop: 'int64', step: 'int64' },
  attrs: elementAttrs,
  stateful: true,
  build(t, attrs) {
    const [start, stop, step] = [t.start, t.stop, t.step].map((x) => BigInt((x as Slot).data[0]!)) as [
      bigint,
      bigint,
      bigint,
    ];
    if (step === 0n) throw new GraphError('InvalidArgument', 'step must be a non-zero integer.');
    return new Stage('Range', elementsOf(attrs), [], () => {
      let at = start;
      return () => {
        if (step > 0n ? at >= stop : at <= stop) return null;
        const value = new Value('int64', [], BigInt64Array.of(at));
        at += step;
        return [value];
      };
    });
  },
});

export const ZipDataset = defineStage({
  name: 'ZipDataset',
  inputs: { input_datasets: 'N * variant' },
  attrs: { ...elementAttrs, N: int() },
  build({ input_datasets }, attrs) {
    const inputs = input_datasets.map(stageIn);
    return new Stage('Zip', elementsOf(attrs), inputs, (all, traversal, path) => {
      const nexts = all.map((x, i) => x.open(traversal, `${path}[${i}]`));
      let ended = nexts.length === 0;
      return () => {
        if (ended) return null;
        const parts = nexts.map((next) => next());
        ended = parts.includes(null);
        return ended ? null : (parts as Element[]).flat();
      };
    });
  },
});

export const ConcatenateDataset = defineStage({
  name: 'ConcatenateDataset',
  inputs: { input_dataset: 'variant', another_dataset: 'variant' },
  attrs: elementAttrs,
  build(t, attrs) {
    const inputs = [stageIn(t.input_dataset), stageIn(t.another_dataset)];
    return new Stage('Concatenate', elementsOf(attrs), inputs, (all, traversal, path) => {
      let i = 0;
      let next = all[0]!.open(traversal, `${path}[0]`);
      return () => {
        const found = next();
        if (found || i > 0) return found;
        i = 1;
        next = all[1]!.open(traversal, `${path}[1]`);
        return next();
      };
    });
  },
});

/** Elements that a function makes: it is called until it raises OutOfRange. */
export const GeneratorDataset = defineStage({
  name: 'GeneratorDataset',
  inputs: {
    init_func_other_args: '[Tinit_func_args]',
    next_func_other_args: '[Tnext_func_args]',
    finalize_func_other_args: '[Tfinalize_func_args]',
  },
  attrs: {
    init_func: func(),
    next_func: func(),
    finalize_func: func(),
    Tinit_func_args: types(),
    Tnext_func_args: types(),
    Tfinalize_func_args: types(),
    ...elementAttrs,
  },
  stateful: true,
  build(t, attrs, site) {
    const init = capture(site, attrs.init_func, t.init_func_other_args, attrs.Tinit_func_args);
    const next = capture(site, attrs.next_func, t.next_func_other_args, attrs.Tnext_func_args);
    const others = t.finalize_func_other_args;
    const finalize = capture(site, attrs.finalize_func, others, attrs.Tfinalize_func_args);
    return new Stage('Generator', elementsOf(attrs), [], (_, traversal) => {
      let state: Element | undefined;
      let ended = false;
      return () => {
        if (ended) return null;
        state ??= traversal.call(init, []);
        try {
          return traversal.call(next, state);
        } catch (e) {
          if (!(e instanceof GraphError)) throw e;
          if (e.code !== 'OutOfRange') throw withoutFunction(e);
          ended = true;
          traversal.call(finalize, state);
          return null;
        }
      };
    });
  },
});
