/** @file Summaries that hold a whole tensor, and say by metadata what it is. */
import { GraphError } from '../errors';
import type { TensorLike } from '../graph/convert';
import { defineOp } from '../graph/define';
import { type } from '../graph/opdef';
import type { Tensor } from '../graph/operation';
import type { Shape } from '../value/shape';
import { Value } from '../value/value';
import { fail } from './expect';
import { type SummaryOptions, summarize } from './summary';
import { answer, bytesOf, field, joined, scalarTag, tensorMessage, textField, valueMessage } from './summary_messages';

/** Which plugin of TensorBoard shows a summary, and how; as tf.SummaryMetadata. */
export interface SummaryMetadata {
  readonly pluginData?: { readonly pluginName: string; readonly content?: string | Uint8Array } | undefined;
  readonly displayName?: string | undefined;
  readonly summaryDescription?: string | undefined;
}
function serialized({ pluginData, displayName = '', summaryDescription = '' }: SummaryMetadata): Uint8Array {
  const content = bytesOf(pluginData?.content ?? '');
  const plugin = joined([
    textField(1, pluginData?.pluginName ?? ''),
    ...(content.length > 0 ? [field(2, content)] : []),
  ]);
  return joined([
    ...(pluginData ? [field(1, plugin)] : []),
    textField(2, displayName),
    textField(3, summaryDescription),
  ]);
}
/** String cells are text where they can be. */
function textWherePossible(bytes: Uint8Array): string | Uint8Array {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return bytes;
  }
}

const TensorSummaryV2 = defineOp({
  name: 'TensorSummaryV2',
  inputs: { tag: 'string', tensor: 'T', serialized_summary_metadata: 'string' },
  outputs: { summary: 'string' },
  attrs: { T: type() },
  infer: () => ({ summary: [] as Shape }),
  gradient: null,
  reference({ tag, tensor, serialized_summary_metadata: metadata, summary }) {
    const name = scalarTag(tag, 'tag must be scalar');
    if (metadata.shape.length > 0) fail('serialized_summary_metadata must be scalar');
    const content = joined([field(8, tensorMessage(tensor)), field(9, bytesOf(metadata.data[0]))]);
    answer(summary, valueMessage(name, content));
  },
});

export interface TensorSummaryOptions extends SummaryOptions {
  readonly summaryDescription?: string | null | undefined;
  readonly summaryMetadata?: SummaryMetadata | null | undefined;
  readonly displayName?: string | null | undefined;
}
/** A tensor of any type and shape, kept whole. @tensorflow tf.summary.tensor_summary */
export function tensorSummary(name: string, tensor: TensorLike, options: TensorSummaryOptions = {}): Tensor {
  const given = options.summaryMetadata ?? {};
  const metadata = serialized({
    pluginData: given.pluginData,
    displayName: options.displayName ?? given.displayName,
    summaryDescription: options.summaryDescription ?? given.summaryDescription,
  });
  return summarize(name, tensor, options, (tag, scope) => {
    const cell = new Value('string', [], [textWherePossible(metadata) as string]);
    return TensorSummaryV2({ tag, tensor, serialized_summary_metadata: cell }, {}, scope).summary;
  });
}

/** Texts that TensorBoard shows. Raises Value for a tensor that is not of strings. @tensorflow tf.summary.text */
export function text(name: string, tensor: Tensor, { collections }: Pick<SummaryOptions, 'collections'> = {}): Tensor {
  if (tensor.dtype !== 'string') {
    const wanted = 'to have dtype string, got';
    throw new GraphError('Value', `Expected tensor ${tensor.name} ${wanted} <dtype: '${tensor.dtype}'>`);
  }
  return tensorSummary(name, tensor, { collections, summaryMetadata: { pluginData: { pluginName: 'text' } } });
}
