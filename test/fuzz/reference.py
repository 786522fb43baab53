"""Runs graphs with the real TensorFlow: a line of JSON in, a line of JSON out."""
import base64
import json
import os
import sys
import traceback

os.environ['TF_CPP_MIN_LOG_LEVEL'] = '3'
out = os.fdopen(os.dup(1), 'w')
os.dup2(2, 1)  # whatever the library prints must not get between the answers

import numpy as np  # noqa: E402
import tensorflow as tf  # noqa: E402
from tensorflow.core.protobuf import config_pb2, meta_graph_pb2, rewriter_config_pb2  # noqa: E402
from tensorflow.python.framework import errors_impl  # noqa: E402

tf.compat.v1.logging.set_verbosity(tf.compat.v1.logging.ERROR)
NUDGE = {'float32': 1e-6, 'float64': 1e-14}


def config():
    c = config_pb2.ConfigProto(intra_op_parallelism_threads=1, inter_op_parallelism_threads=1)
    c.graph_options.optimizer_options.opt_level = config_pb2.OptimizerOptions.L0
    c.graph_options.rewrite_options.disable_meta_optimizer = True
    c.graph_options.rewrite_options.constant_folding = rewriter_config_pb2.RewriterConfig.OFF
    return c


def decode(x):
    return np.frombuffer(base64.b64decode(x['data']), dtype=x['dtype']).reshape(x['shape'])


def encode(x):
    x = np.asarray(x)
    return {'dtype': x.dtype.name, 'shape': list(x.shape), 'data': base64.b64encode(np.ascontiguousarray(x).tobytes()).decode()}


def nudged(x, rng):
    """Fractions move by about an ulp; whole numbers stay, because exact cases hang on them."""
    if x.dtype.name not in NUDGE or x.size == 0:
        return x
    moved = x * (1 + NUDGE[x.dtype.name] * rng.choice([-1.0, 1.0], size=x.shape))
    return np.where(np.floor(x) == x, x, moved).astype(x.dtype)


def nudge_constants(graph_def, rng):
    for node in graph_def.node:
        if node.op == 'Const' and node.attr['dtype'].type in (1, 2):
            value = tf.make_ndarray(node.attr['value'].tensor)
            node.attr['value'].tensor.CopyFrom(tf.make_tensor_proto(nudged(value, rng), dtype=value.dtype, shape=value.shape))


INEXACT = set(
    'Exp Expm1 Log Log1p Sqrt Rsqrt Sigmoid Tanh Sin Cos Tan Asin Acos Atan Sinh Cosh Asinh Acosh Atanh Erf Erfc Lgamma Digamma '
    'Pow Atan2 Softplus Softsign Elu Selu Sum Mean Prod EuclideanNorm L2Loss MatMul BatchMatMul BatchMatMulV2 Conv2D AvgPool '
    'DepthwiseConv2dNative Conv2DBackpropInput Conv2DBackpropFilter Softmax LogSoftmax LRN Cumsum Cumprod AddN SegmentSum '
    'SegmentMean UnsortedSegmentSum SparseSegmentSum BiasAddGrad TanhGrad SigmoidGrad RandomStandardNormal TruncatedNormal'.split())


def nudge_results(graph_def, rng):
    """What libraries may round differently is moved too, in loops and branches as well."""
    for node in list(graph_def.node):
        if node.op not in INEXACT:
            continue
        dtype = node.attr['T' if 'T' in node.attr else 'dtype'].type
        if dtype not in (1, 2):
            continue
        name, node.name = node.name, node.name + '/unmoved'
        factor = graph_def.node.add(name=name + '/factor', op='Const', input=['^' + node.name])
        move = NUDGE['float32' if dtype == 1 else 'float64'] * rng.choice([-1.0, 1.0]) / 2
        value = np.asarray(1 + move, 'float32' if dtype == 1 else 'float64')
        factor.attr['dtype'].type = dtype
        factor.attr['value'].tensor.CopyFrom(tf.make_tensor_proto(value))
        graph_def.node.add(name=name, op='Mul', input=[node.name, factor.name]).attr['T'].type = dtype


def shape_of(t):
    return None if t.shape.rank is None else t.shape.as_list()


def run(request):
    rng = np.random.RandomState(request['nudge']) if request.get('nudge') else None
    meta = meta_graph_pb2.MetaGraphDef()
    meta.ParseFromString(base64.b64decode(request['meta']))
    if rng:
        nudge_constants(meta.graph_def, rng)
        nudge_results(meta.graph_def, rng)
    answers = []
    with tf.Graph().as_default() as graph:
        tf.compat.v1.train.import_meta_graph(meta)
        shapes = None if rng else {t.name: shape_of(t) for op in graph.get_operations() for t in op.outputs}
        with tf.compat.v1.Session(config=config()) as session:
            for step in request['steps']:
                feed = {k: decode(v) for k, v in step['feed'].items()}
                if rng:
                    feed = {k: nudged(v, rng) for k, v in feed.items()}
                targets = [graph.get_operation_by_name(t) for t in step['target']]
                try:
                    values = session.run(step['fetch'] + targets, feed)
                    answers.append({'values': [encode(v) for v in values[:len(step['fetch'])]]})
                except errors_impl.OpError as e:
                    answers.append({'code': type(e).__name__, 'message': e.message})
                except (ValueError, TypeError) as e:
                    answers.append({'code': type(e).__name__, 'message': str(e)})
    return {'steps': answers, 'shapes': shapes}


def say(x):
    out.write(json.dumps(x) + '\n')
    out.flush()


say({'version': tf.__version__})
for line in sys.stdin:
    try:
        say(run(json.loads(line)))
    except Exception:
        say({'failed': traceback.format_exc()})
