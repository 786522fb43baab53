/** @file TFLearn's embedding layer. */
import { GraphError } from '../errors';
import type { Tensor } from '../graph/operation';
import { reshape } from '../ops/array';
import { cast } from '../ops/cast';
import { embeddingLookup } from '../ops/embedding';
import { inLayer, type LayerTensor, type ScopeOptions, shapeOfInput } from './layer_scope';
import { sequenceLengths } from './recurrent';
import type { WeightsInit } from './variables';

export interface EmbeddingOptions extends ScopeOptions {
  readonly weightsInit?: WeightsInit | undefined;
}
/**
 * A row of `outputDim` numbers for each of the ids [samples, ids], which are below `inputDim`.
 * Raises Assertion for other ranks.
 * @tensorflow tflearn.embedding
 */
export function embedding(
  incoming: Tensor,
  inputDim: number,
  outputDim: number,
  options: EmbeddingOptions = {},
): LayerTensor {
  const { weightsInit = 'truncated_normal' } = options;
  const shape = shapeOfInput(incoming);
  if (shape.length !== 2) throw new GraphError('Assertion', 'Incoming Tensor shape must be 2-D');
  const y = inLayer(options, 'Embedding', (layer) => {
    const W = incoming.graph.device('/cpu:0', () => layer.make('W', [inputDim, outputDim], weightsInit));
    const rows: LayerTensor = embeddingLookup(W, cast(incoming, 'int32'));
    return Object.assign(rows, { W });
  });
  // Beyond the ids' own shape, as TFLearn has it; nothing runs it by itself.
  y.seqLength = sequenceLengths(reshape(incoming, [-1, ...(y.shape!.slice(1, 3) as number[]), 1]));
  return y;
}
