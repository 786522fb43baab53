/** @file Losses over many classes that look at a sample of them: noise-contrastive estimation, sampled softmax. */
import { convertToTensor, type TensorLike } from '../graph/convert';
import { getDefaultGraph } from '../graph/graph';
import type { Tensor } from '../graph/operation';
import { multiply } from './arithmetic';
import { ones, onesLike, reshape, shapeOf, zerosLike } from './array';
import { computeAccidentalHits, logUniformCandidateSampler, type SampledValues } from './candidate_sampling';
import { cast } from './cast';
import { sigmoidCrossEntropyWithLogits, softmaxCrossEntropyWithLogitsV2 } from './cross_entropy';
import { embeddingLookup } from './embedding';
import { i32 } from './expect';
import { stopGradient } from './identity';
import { concat, stack } from './join';
import { matmul } from './linear';
import { sparseToDense } from './scatter';
import type { SeedLike } from './seed';
import { expandDims } from './shape';
import { s, slice } from './slice';
import { log } from './unary';

export interface NceLossOptions {
  /** True classes of each example; 1 by default. */
  readonly numTrue?: number | undefined;
  /** What a candidate sampler answered; by default a log-uniform one draws. */
  readonly sampledValues?: Readonly<SampledValues> | null | undefined;
  /** Whether samples that are true classes do not count. */
  readonly removeAccidentalHits?: boolean | undefined;
  /** How the classes are dealt out where `weights` lie in several parts. */
  readonly partitionStrategy?: 'mod' | 'div' | undefined;
  readonly name?: string | undefined;
}
export interface SampledSoftmaxOptions extends NceLossOptions {
  readonly seed?: SeedLike;
}

/** The sum of each row, as a product with ones. */
function sumRows(x: Tensor): Tensor {
  const columns = shapeOf(x).at(1);
  const column = ones(stack([columns, 1]), { dtype: x.dtype });
  return reshape(matmul(x, column), i32([-1]));
}

/** Logits of the true and the sampled classes [batch, numTrue + numSampled], and their labels: shares of 1 and 0. */
function sampledLogits(
  weights: TensorLike,
  biases: TensorLike,
  labelsIn: TensorLike,
  inputsIn: TensorLike,
  numSampled: number,
  numClasses: number,
  options: SampledSoftmaxOptions,
): [logits: Tensor, labels: Tensor] {
  const { numTrue = 1, partitionStrategy, name, seed } = options;
  return getDefaultGraph().nameScope(name ?? 'compute_sampled_logits', () => {
    const inputs = convertToTensor(inputsIn);
    const labels = cast(labelsIn, 'int64');
    const flat = reshape(labels, i32([-1]));
    const values =
      options.sampledValues ?? logUniformCandidateSampler(labels, numTrue, numSampled, true, numClasses, { seed });
    const [candidates, trueCount, sampledCount] = values.map((x) => stopGradient(x)) as SampledValues;
    const sampled = cast(candidates, 'int64');
    const ids = concat([flat, sampled], 0);

    const lookup = (params: TensorLike): Tensor =>
      cast(embeddingLookup(params, ids, { partitionStrategy }), inputs.dtype);
    const rows = lookup(weights);
    const trueRows = slice(rows, i32([0, 0]), stack([shapeOf(flat).at(0), -1]));
    const sampledRows = slice(rows, stack([shapeOf(flat).at(0), 0]), i32([-1, -1]));
    let sampledPart = matmul(inputs, sampledRows, { transposeB: true });
    const shifts = lookup(biases);
    const trueShift = slice(shifts, i32([0]), shapeOf(flat));
    const sampledShift = slice(shifts, shapeOf(flat), i32([-1]));

    const width = shapeOf(trueRows).at(s(1, 2));
    const split = concat([i32([-1, numTrue]), width] as readonly TensorLike[], 0);
    const expanded = expandDims(inputs, 1);
    const products = multiply(expanded, reshape(trueRows, split));
    const asRows = reshape(products, concat([i32([-1]), width] as readonly TensorLike[], 0));
    let truePart = reshape(sumRows(asRows), i32([-1, numTrue]));
    truePart = truePart.add(reshape(trueShift, i32([-1, numTrue])));
    sampledPart = sampledPart.add(sampledShift);

    if (options.removeAccidentalHits) {
      sampledPart = sampledPart.add(hitsAgainst(labels, sampled, numTrue, numSampled, sampledPart));
    }
    truePart = truePart.sub(log(trueCount));
    sampledPart = sampledPart.sub(log(sampledCount));
    const logits = concat([truePart, sampledPart], 1);
    const shares = onesLike(truePart).truediv(numTrue);
    return [logits, concat([shares, zerosLike(sampledPart)], 1)];
  });
}
/** -3.4e38 where a sample is a true class, else 0: [batch, numSampled]. */
function hitsAgainst(labels: Tensor, sampled: Tensor, numTrue: number, numSampled: number, logits: Tensor): Tensor {
  const [rows, places, weights] = computeAccidentalHits(labels, sampled, numTrue);
  const rowColumn = reshape(rows, i32([-1, 1]));
  const placeColumn = reshape(cast(places, 'int32'), i32([-1, 1]));
  const indices = concat([rowColumn, placeColumn], 1, { name: 'sparse_indices' });
  const batch = shapeOf(labels).at(s(null, 1));
  const shape = concat([batch, expandDims(i32(numSampled), 0)], 0);
  return sparseToDense(indices, shape, cast(weights, logits.dtype), { validateIndices: false });
}

/**
 * The noise-contrastive loss of each example, [batch]: tells its true classes from sampled ones. Weights are
 * [classes, dim] or a list of parts of it, biases [classes], labels int64 [batch, numTrue], inputs [batch, dim].
 * @tensorflow tf.nn.nce_loss
 */
export function nceLoss(
  weights: TensorLike,
  biases: TensorLike,
  labels: TensorLike,
  inputs: TensorLike,
  numSampled: number,
  numClasses: number,
  options: NceLossOptions = {},
): Tensor {
  const { removeAccidentalHits = false, name = 'nce_loss' } = options;
  const given = { ...options, removeAccidentalHits, name, seed: undefined };
  const [logits, shares] = sampledLogits(weights, biases, labels, inputs, numSampled, numClasses, given);
  return sumRows(sigmoidCrossEntropyWithLogits({ labels: shares, logits, name: 'sampled_losses' }));
}
/**
 * The softmax loss of each example, [batch], over its true and sampled classes: cheap for training, too low a number for
 * evaluation. Weights are [classes, dim] or a list of parts, biases [classes], labels int64 [batch, numTrue], inputs
 * [batch, dim].
 * @tensorflow tf.nn.sampled_softmax_loss
 */
export function sampledSoftmaxLoss(
  weights: TensorLike,
  biases: TensorLike,
  labels: TensorLike,
  inputs: TensorLike,
  numSampled: number,
  numClasses: number,
  options: SampledSoftmaxOptions = {},
): Tensor {
  const { removeAccidentalHits = true, name = 'sampled_softmax_loss' } = options;
  const given = { ...options, removeAccidentalHits, name };
  const [logits, shares] = sampledLogits(weights, biases, labels, inputs, numSampled, numClasses, given);
  const targets = stopGradient(shares, { name: 'labels_stop_gradient' });
  return softmaxCrossEntropyWithLogitsV2({ labels: targets, logits });
}
