/** @file TFLearn's core layers: input_data, fully_connected, dropout, reshape and the like. */
import { GraphError } from '../errors';
import { getDefaultGraph } from '../graph/graph';
import { Tensor } from '../graph/operation';
import { add, multiply, subtract } from '../ops/arithmetic';
import { placeholder as makePlaceholder, reshape as reshapeOp } from '../ops/array';
import { biasAdd } from '../ops/bias';
import { cast, toInt64 } from '../ops/cast';
import { cond } from '../ops/cond';
import { dropout as nnDropout } from '../ops/dropout';
import { i32 } from '../ops/expect';
import { oneHot } from '../ops/gather';
import { constantInitializer } from '../ops/initializers';
import { concat, stack, unstack } from '../ops/join';
import { matmul } from '../ops/linear';
import { transpose } from '../ops/permute';
import { sigmoid } from '../ops/unary';
import type { DType } from '../value/dtype';
import type { Shape } from '../value/shape';
import * as activations from './activations';
import { getTrainingMode, Keys, makeModeOfImport } from './config';
import type { DataAugmentation } from './data_augmentation';
import type { DataPreprocessing } from './data_preprocessing';
import {
  activated,
  inLayer,
  type LayerTensor,
  listed,
  rowSize,
  type ScopeOptions,
  shapeOfInput,
  type WeightOptions,
} from './layer_scope';

type Activation = activations.Activation;
interface NamedLayer {
  readonly name?: string | undefined;
}

export interface InputDataOptions {
  /** Gets a first dimension of any size, unless it begins with null or is a vector's. */
  readonly shape?: readonly (number | null)[] | undefined;
  readonly placeholder?: Tensor | undefined;
  readonly dtype?: DType | undefined;
  /** Applied to each batch, in training and prediction. */
  readonly dataPreprocessing?: DataPreprocessing | null | undefined;
  /** Applied to each batch of training. */
  readonly dataAugmentation?: DataAugmentation | null | undefined;
  readonly name?: string | undefined;
}
/** The placeholder `InputData/X`. Raises Value without shape and placeholder. @tensorflow tflearn.input_data */
export function inputData(options: InputDataOptions = {}): LayerTensor {
  const { shape, dtype = 'float32', name = 'InputData' } = options;
  makeModeOfImport();
  const graph = getDefaultGraph();
  let x = options.placeholder;
  if (!x) {
    if (!shape) {
      throw new GraphError(
        'Value',
        'Either a `shape` or `placeholder` argument is required to consruct an input layer.',
      );
    }
    const full = shape.length > 1 && shape[0] !== null ? [null, ...shape] : shape;
    x = graph.nameScope(name, () => makePlaceholder(dtype, { shape: full, name: 'X' }));
  }
  graph.addToCollection(Keys.INPUTS, x);
  listed(x, name);
  graph.addToCollection(Keys.DATA_PREP, options.dataPreprocessing ?? null);
  graph.addToCollection(Keys.DATA_AUG, options.dataAugmentation ?? null);
  return x;
}

export interface FullyConnectedOptions extends WeightOptions {
  readonly activation?: Activation | null | undefined;
  readonly bias?: boolean | undefined;
}
/** activation(x . W + b). A weightsInit that is an array brings its own shape. @tensorflow tflearn.fully_connected */
export function fullyConnected(incoming: Tensor, nUnits: number, options: FullyConnectedOptions = {}): LayerTensor {
  const { activation: kind = 'linear', bias = true, weightsInit = 'truncated_normal', biasInit = 'zeros' } = options;
  const size = rowSize(incoming);
  return inLayer(options, 'FullyConnected', (layer) => {
    const W = layer.make('W', [size, nUnits], weightsInit, true);
    const b = bias ? layer.make('b', [nUnits], biasInit) : null;
    const x = incoming.shape!.length > 2 ? reshapeOp(incoming, [-1, size]) : incoming;
    let y: LayerTensor = matmul(x, W);
    if (b) y = biasAdd(y, b);
    if (kind) y = activations.get(kind)(y);
    return Object.assign(activated(y), { W, b });
  });
}

export interface SingleUnitOptions extends ScopeOptions {
  readonly activation?: Activation | undefined;
  readonly bias?: boolean | undefined;
}
/** activation(x * W + b) for each cell, W and b starting at a random number. @tensorflow tflearn.single_unit */
export function singleUnit(incoming: Tensor, options: SingleUnitOptions = {}): LayerTensor {
  const { activation: kind = 'linear', bias = true } = options;
  const shape = shapeOfInput(incoming);
  const size = shape.length > 1 ? rowSize(incoming) : 1;
  return inLayer(options, 'Linear', (layer) => {
    const W = layer.make('W', [size], constantInitializer(standardNormal()));
    const b = bias ? layer.make('b', [size], constantInitializer(standardNormal())) : null;
    const x = shape.length > 1 ? reshapeOp(incoming, [-1]) : incoming;
    let y: LayerTensor = multiply(x, W);
    if (b) y = add(y, b);
    y = activations.get(kind)(y);
    return Object.assign(activated(y), { W, b });
  });
}
/** One number of the normal distribution, by Box and Muller. */
function standardNormal(): number {
  const radius = Math.sqrt(-2 * Math.log(1 - Math.random()));
  return radius * Math.cos(2 * Math.PI * Math.random());
}

export interface HighwayOptions extends WeightOptions {
  readonly activation?: Activation | undefined;
  /** Keeps each gate with this probability in training. */
  readonly transformDropout?: number | null | undefined;
}
/** A gate mixes activation(x . W + b) with x; nUnits must be the size of a row. @tensorflow tflearn.highway */
export function highway(incoming: Tensor, nUnits: number, options: HighwayOptions = {}): LayerTensor {
  const { activation: kind = 'linear', weightsInit = 'truncated_normal', biasInit = 'zeros' } = options;
  const size = rowSize(incoming);
  return inLayer(options, 'FullyConnectedHighway', (layer) => {
    const W = layer.make('W', [size, nUnits], weightsInit, true);
    const b = layer.make('b', [nUnits], biasInit);
    const gateW = layer.make('W_T', [size, nUnits], weightsInit);
    const gateB = layer.make('b_T', [nUnits], constantInitializer(-1));
    const x = incoming.shape!.length > 2 ? reshapeOp(incoming, [-1, size]) : incoming;
    const H = activations.get(kind)(matmul(x, W).add(b));
    let T: Tensor = sigmoid(matmul(x, gateW).add(gateB));
    if (options.transformDropout) T = dropout(T, options.transformDropout);
    const C = subtract(1, T);
    const y = activated(add(multiply(H, T), multiply(x, C)));
    return Object.assign(y, { W, W_t: gateW, b, b_t: gateB });
  });
}

export interface DropoutOptions extends NamedLayer {
  /** The shape of the decisions, which are broadcast. */
  readonly noiseShape?: Shape | Tensor | undefined;
}
/** Keeps each unit with probability keepProb while `is_training` is true. @tensorflow tflearn.dropout */
export function dropout(incoming: Tensor, keepProb: number | Tensor, options: DropoutOptions = {}): LayerTensor {
  const { name = 'Dropout', noiseShape = null } = options;
  return incoming.graph.nameScope(name, () => {
    const on = () => nnDropout(incoming, { keepProb, noiseShape });
    return listed(cond(getTrainingMode() as never, on, () => incoming) as LayerTensor, name);
  });
}

/** What `customFn` makes of it, in the scope `CustomLayer` or that of its name. @tensorflow tflearn.custom_layer */
export function customLayer<X extends Tensor | readonly Tensor[], Y, O extends NamedLayer = NamedLayer>(
  incoming: X,
  customFn: (incoming: X, options: O) => Y,
  options: O = {} as O,
): Y {
  return getDefaultGraph().nameScope(options.name ?? 'CustomLayer', () => customFn(incoming, options));
}

/** Another shape. @tensorflow tflearn.reshape */
export function reshape(
  incoming: Tensor | readonly Tensor[],
  newShape: readonly number[],
  { name = 'Reshape' }: NamedLayer = {},
): LayerTensor {
  return getDefaultGraph().nameScope(name, (scope) => {
    const x = incoming instanceof Tensor ? incoming : cast(concat(incoming, i32(0)), 'float32');
    const y: LayerTensor = reshapeOp(x, [...newShape]);
    y.scope = scope;
    return listed(y, name);
  });
}
/** All dimensions but the first in one. @tensorflow tflearn.flatten */
export function flatten(incoming: Tensor, { name = 'Flatten' }: NamedLayer = {}): LayerTensor {
  return listed(reshape(incoming, [-1, rowSize(incoming)], { name }), name);
}

/** The activation of that name, as a layer. @tensorflow tflearn.activation */
export function activation(
  incoming: Tensor,
  kind: Activation = 'linear',
  { name = 'activation' }: NamedLayer = {},
): LayerTensor {
  return listed(activations.get(kind, 'Unknown activation type.')(incoming), name);
}

export interface OneHotEncodingOptions extends NamedLayer {
  readonly onValue?: number | undefined;
  readonly offValue?: number | undefined;
}
/** A row with `onValue` at the class and `offValue` elsewhere. @tensorflow tflearn.one_hot_encoding */
export function oneHotEncoding(target: Tensor, nClasses: number, options: OneHotEncodingOptions = {}): LayerTensor {
  const { onValue = 1, offValue = 0, name = 'OneHotEncoding' } = options;
  const encoded = target.graph.nameScope(name, () =>
    oneHot(target.dtype === 'int64' ? target : toInt64(target), nClasses, { onValue, offValue }),
  );
  return listed(encoded, name);
}

/**
 * A layer for each step of a sequence [batch, time, ...]: `timeDistributed(x, conv2d, [32, 3], { scope: 'conv' })`. With
 * a scope, that of step i is `scope-i`. As tflearn.time_distributed.
 * @tensorflow tflearn.time_distributed
 */
export function timeDistributed<A extends readonly unknown[]>(
  incoming: Tensor | readonly Tensor[],
  fn: (x: Tensor, ...args: A) => Tensor,
  args: readonly unknown[] = [],
  { scope }: { readonly scope?: string | null } = {},
): Tensor {
  const x = incoming instanceof Tensor ? incoming : transpose(stack(incoming), i32([1, 0, 2]));
  const last = args.at(-1);
  const isOptions = typeof last === 'object' && last !== null && Object.getPrototypeOf(last) === Object.prototype;
  const scoped = (i: number): readonly unknown[] => {
    if (!scope) return args;
    const options = { ...(isOptions ? last : {}), scope: `${scope}-${i}` };
    return [...(isOptions ? args.slice(0, -1) : args), options];
  };
  const steps = unstack(x, { axis: 1 }).map((step, i) => fn(step, ...(scoped(i) as unknown as A)));
  const widened = steps.map((y) => reshapeOp(y, [-1, 1, ...(shapeOfInput(y).slice(1) as number[])]));
  return concat(widened, i32(1));
}

/** A placeholder `<name>/Y` for each name, one after the other in one tensor. @tensorflow tflearn.multi_target_data */
export function multiTargetData(names: readonly string[], shape: Shape, dtype: DType = 'float32'): Tensor {
  const graph = getDefaultGraph();
  const placeholders = names.map((name) => {
    const y = graph.nameScope(name, () => makePlaceholder(dtype, { shape, name: 'Y' }));
    graph.addToCollection(Keys.TARGETS, y);
    return y;
  });
  return concat(placeholders, i32(0));
}

/**
 * The output of the layer of that name; a list where several have it. As tflearn.get_layer_by_name. Raises Value for none.
 * @tensorflow tflearn.get_layer_by_name
 */
export function getLayerByName(name: string): LayerTensor | LayerTensor[] {
  const found = getDefaultGraph().getCollection<LayerTensor>(`${Keys.LAYER_TENSOR}/${name}`);
  if (found.length === 0) throw new GraphError('Value', 'No layer found for this name.');
  return found.length > 1 ? found : found[0]!;
}
