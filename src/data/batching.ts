/** @file Datasets whose elements are several elements of another put together, and the reverse. */
import { GraphError } from '../errors';
import { bool, int, shapes, types } from '../graph/opdef';
import type { Slot } from '../kernels/memory';
import { arrayOf } from '../value/dtype';
import { type FullShape, sameShape, showShape, sizeOf } from '../value/shape';
import { Value } from '../value/value';
import { defineStage, elementAttrs, elementsOf, positive } from './define_stage';
import { rowsOf } from './sources';
import { asValue, type Batches, type Element, type Elements, type Next, Stage, stageIn } from './stage';
import { newCells } from './traversal';

/** So many elements, fewer at the end; null where there is none, or fewer than a remainder may have. */
export function takeSome(next: Next, { size, dropRemainder }: Batches): Element[] | null {
  const found: Element[] = [];
  for (let e = next(); e; e = next()) if (found.push(e) === size) return found;
  return found.length === 0 || dropRemainder ? null : found;
}
/** The components of elements, each stacked along a new first dimension. */
export const stacked = (rows: readonly Element[]): Element => rows[0]!.map((_, k) => stack(rows.map((e) => e[k]!)));

function stack(rows: readonly Value[]): Value {
  const { dtype, shape } = rows[0]!;
  const size = sizeOf(shape);
  const cells = newCells(dtype, rows.length * size);
  rows.forEach(({ shape: own, data }, i) => {
    if (data.length !== size) {
      throw new GraphError(
        'InvalidArgument',
        `Cannot add tensor to the batch: number of elements does not match. Shapes are: [tensor]: ${showShape(own)}, [batch]: ${showShape(shape)}`,
      );
    }
    cells.set(data, i * size);
  });
  return new Value(dtype, [rows.length, ...shape], cells);
}

const POSITIVE = 'Batch size must be greater than zero.';
function batched(input: Stage, batches: Batches, elements: Elements): Stage {
  const open = ([x]: readonly Stage[], ...at: Parameters<Stage['open']>): Next => {
    const next = x!.open(...at);
    return () => {
      const rows = takeSome(next, batches);
      return rows && stacked(rows);
    };
  };
  return new Stage('Batch', elements, [input], open, { batches });
}

export const BatchDatasetV2 = defineStage({
  name: 'BatchDatasetV2',
  inputs: { input_dataset: 'variant', batch_size: 'int64', drop_remainder: 'bool' },
  attrs: { parallel_copy: bool(false), ...elementAttrs },
  build({ input_dataset, batch_size, drop_remainder }, attrs) {
    const batches = { size: positive(batch_size, POSITIVE), dropRemainder: Boolean(drop_remainder.data[0]) };
    return batched(stageIn(input_dataset), batches, elementsOf(attrs));
  },
});
defineStage({
  name: 'BatchDataset',
  inputs: { input_dataset: 'variant', batch_size: 'int64' },
  attrs: elementAttrs,
  build({ input_dataset, batch_size }, attrs) {
    const batches = { size: positive(batch_size, POSITIVE), dropRemainder: false };
    return batched(stageIn(input_dataset), batches, elementsOf(attrs));
  },
});

// ---- padded -------------------------------------------------------------------------------------------------------

const paddedInputs = {
  input_dataset: 'variant',
  batch_size: 'int64',
  padded_shapes: 'N * int64',
  padding_values: '[Toutput_types]',
} as const;
const paddedAttrs = { Toutput_types: types(), output_shapes: shapes(), N: int() };

function padded(
  t: { readonly padded_shapes: readonly Slot[]; readonly padding_values: readonly Slot[] },
  input: Stage,
  batches: Batches,
  elements: Elements,
): Stage {
  const asked = t.padded_shapes.map((s) => Array.from(s.data, Number));
  const padding = t.padding_values.map((s) => s.data[0]!);
  return new Stage('PaddedBatch', elements, [input], ([x], traversal, path) => {
    const next = x!.open(traversal, path);
    return () => {
      const rows = takeSome(next, batches);
      return (
        rows &&
        asked.map((sizes, k) =>
          pad(
            rows.map((e) => e[k]!),
            sizes,
            padding[k]!,
            k,
          ),
        )
      );
    };
  });
}

/** -1 stands for the largest size there is among the rows. */
function pad(rows: readonly Value[], asked: FullShape, padding: number, k: number): Value {
  for (const { shape } of rows) {
    if (shape.length === asked.length) continue;
    throw new GraphError(
      'InvalidArgument',
      `All elements in a batch must have the same rank as the padded shape for component${k}: expected rank ${asked.length} but got element with rank ${shape.length}`,
    );
  }
  const shape = asked.map((d, i) => {
    const largest = Math.max(...rows.map((r) => r.shape[i]!));
    if (d >= 0 && largest > d)
      throw new GraphError('DataLoss', 'Attempted to pad to a smaller size than the input element.');
    return d < 0 ? largest : d;
  });
  const size = sizeOf(shape);
  const { dtype } = rows[0]!;
  const cells = new (arrayOf(dtype))(rows.length * size);
  cells.fill(padding);
  rows.forEach((row, i) => {
    if (sameShape(row.shape, shape)) cells.set(row.data, i * size);
    else copyInto(row, shape, 0, 0, i * size, (from, to, n) => cells.set(row.data.subarray(from, from + n), to));
  });
  return new Value(dtype, [rows.length, ...shape], cells);
}

/** Calls `copy` for each run of cells of `row` that stay together in the larger shape. */
function copyInto(
  row: Value,
  shape: FullShape,
  depth: number,
  from: number,
  to: number,
  copy: (from: number, to: number, n: number) => void,
): void {
  if (depth >= shape.length - 1) {
    copy(from, to, row.shape[depth] ?? 1);
    return;
  }
  const [small, large] = [sizeOf(row.shape.slice(depth + 1)), sizeOf(shape.slice(depth + 1))];
  for (let i = 0; i < row.shape[depth]!; i++) copyInto(row, shape, depth + 1, from + i * small, to + i * large, copy);
}

export const PaddedBatchDatasetV2 = defineStage({
  name: 'PaddedBatchDatasetV2',
  inputs: { ...paddedInputs, drop_remainder: 'bool' },
  attrs: { parallel_copy: bool(false), ...paddedAttrs },
  build(t, { Toutput_types, output_shapes }) {
    const batches = { size: positive(t.batch_size, POSITIVE), dropRemainder: Boolean(t.drop_remainder.data[0]) };
    return padded(t, stageIn(t.input_dataset), batches, { types: Toutput_types, shapes: output_shapes });
  },
});
defineStage({
  name: 'PaddedBatchDataset',
  inputs: paddedInputs,
  attrs: paddedAttrs,
  build(t, { Toutput_types, output_shapes }) {
    const batches = { size: positive(t.batch_size, POSITIVE), dropRemainder: false };
    return padded(t, stageIn(t.input_dataset), batches, { types: Toutput_types, shapes: output_shapes });
  },
});

// ---- windows, rows ------------------------------------------------------------------------------------------------

export const WindowDataset = defineStage({
  name: 'WindowDataset',
  inputs: { input_dataset: 'variant', size: 'int64', shift: 'int64', stride: 'int64', drop_remainder: 'bool' },
  attrs: elementAttrs,
  build(t, attrs) {
    const size = positive(t.size, 'Window size must be greater than zero.');
    const shift = positive(t.shift, 'Window shift must be greater than zero.');
    const stride = positive(t.stride, 'Window stride must be greater than zero.');
    const dropRemainder = Boolean(t.drop_remainder.data[0]);
    const span = (size - 1) * stride + 1;
    return new Stage('Window', elementsOf(attrs), [stageIn(t.input_dataset)], ([input], traversal, path) => {
      let next: Next | null = input!.open(traversal, path);
      let held: Element[] = [];
      const pull = (): Element | null => {
        const e = next?.() ?? null;
        if (!e) next = null;
        return e;
      };
      return () => {
        while (next && held.length < span) {
          const e = pull();
          if (e) held.push(e);
        }
        const window = held.filter((_, i) => i % stride === 0 && i < span);
        if (window.length === 0 || (dropRemainder && window.length < size)) return null;
        for (let i = held.length; next && i < shift; i++) pull();
        held = held.slice(shift);
        const { types: of, shapes: like } = input!.elements;
        return of.map((dtype, k) =>
          asValue(
            listed(
              window.map((e) => [e[k]!]),
              { types: [dtype], shapes: [like[k]!] },
            ),
          ),
        );
      };
    });
  },
});
const listed = (list: readonly Element[], elements: Elements): Stage =>
  new Stage('WindowOf', elements, [], () => {
    let i = 0;
    return () => list[i++] ?? null;
  });

const defineUnbatch = <const N extends string>(name: N) =>
  defineStage({
    name,
    inputs: { input_dataset: 'variant' },
    attrs: elementAttrs,
    build: ({ input_dataset }, attrs) =>
      new Stage('Unbatch', elementsOf(attrs), [stageIn(input_dataset)], ([input], traversal, path) => {
        const next = input!.open(traversal, path);
        let rows: ((i: number) => Value)[] = [];
        let n = 0;
        let i = 0;
        return () => {
          while (i === n) {
            const e = next();
            if (!e) return null;
            [n, i] = [e[0]!.shape[0]!, 0];
            if (e.some((v) => v.shape[0] !== n)) {
              throw new GraphError('InvalidArgument', 'Input element must have the same batch size in each component.');
            }
            rows = e.map(rowsOf);
          }
          i += 1;
          return rows.map((row) => row(i - 1));
        };
      }),
  });
export const UnbatchDataset = defineUnbatch('UnbatchDataset');
defineUnbatch('ExperimentalUnbatchDataset');
