#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Turn the convolution and pooling cases of the ONNX backend tests into one flat file.

Usage: convert.py OUTPUT [--data DIRECTORY]

The file begins with the line `swconv-conformance 1`. Each case is a line of text; a `run` line is
followed by its tensors as raw little-endian f32, C order: src, filter and bias (convolutions only,
the bias if there is one), expected dst.

    run OPERATOR NAME DIMS PADDING CEIL COUNT_PAD BATCH IN OUT GROUPS BIAS
        SRC[2] WINDOW[2] STRIDE[2] DILATION[2] BEGIN[2] END[2] DST[2]
    left_out OPERATOR NAME REASON...

Two-element fields are (height, width); the height of a 1-D case is 1. What swconv does not offer is
left out by its operator, its rank or its element type, never by its name.
"""
import argparse
import pathlib

import numpy
import onnx
from onnx import numpy_helper

SLIDING = {'Conv', 'MaxPool', 'AveragePool', 'GlobalMaxPool', 'GlobalAveragePool'}
# Any other operator whose name says convolution or pooling is listed as left out.
RELATED = ('conv', 'pool')


class LeftOut(Exception):
    """swconv does not offer this case; the text is the reason."""


def load_tensor(path):
    return numpy_helper.to_array(onnx.load_tensor(str(path)))


def related(graph):
    return [n.op_type for n in graph.node if any(r in n.op_type.lower() for r in RELATED)]


def attributes(node):
    return {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}


def squeeze_axes(node, values):
    """Axes of Squeeze and Unsqueeze: an attribute up to opset 12, the second input since."""
    axes = values[node.input[1]] if len(node.input) > 1 else attributes(node)['axes']
    return tuple(int(a) for a in axes)


def only_compute_node(graph):
    """The one sliding-window node of a graph, with the shape-only nodes before and after it."""
    nodes = [n for n in graph.node if n.op_type != 'Constant']
    at = [i for i, n in enumerate(nodes) if n.op_type in SLIDING]
    if len(at) != 1:
        raise LeftOut('operator %s' % '+'.join(n.op_type for n in nodes))
    before, node, after = nodes[:at[0]], nodes[at[0]], nodes[at[0] + 1:]
    if any(n.op_type != 'Unsqueeze' for n in before) or any(n.op_type != 'Squeeze' for n in after):
        raise LeftOut('operators %s around it' % '+'.join(n.op_type for n in before + after))
    return before, node, after


def graph_values(graph, data_set):
    """Every tensor that is known before the graph runs, by name."""
    values = {t.name: numpy_helper.to_array(t) for t in graph.initializer}
    for node in graph.node:
        if node.op_type == 'Constant':
            values[node.output[0]] = numpy_helper.to_array(attributes(node)['value'])
    inputs = [i.name for i in graph.input if i.name not in values]
    for i, name in enumerate(inputs):
        values[name] = load_tensor(data_set / ('input_%d.pb' % i))
    return values


def output_of(graph, name, data_set):
    index = [o.name for o in graph.output].index(name)
    return load_tensor(data_set / ('output_%d.pb' % index))


def two(axes):
    """(height, width) of a list with one or two spatial axes."""
    return ([1] * (2 - len(axes)) + [int(a) for a in axes])[-2:]


def read_case(graph, data_set):
    """The fields and the tensors of one case, or LeftOut."""
    before, node, after = only_compute_node(graph)
    values = graph_values(graph, data_set)
    for n in before:
        values[n.output[0]] = numpy.expand_dims(values[n.input[0]], squeeze_axes(n, values))
    src = values[node.input[0]]
    if src.dtype != numpy.float32:
        raise LeftOut('type %s' % src.dtype)
    dims = src.ndim - 2
    if dims not in (1, 2):
        raise LeftOut('rank: %d spatial axes' % dims)

    want = output_of(graph, after[-1].output[0] if after else node.output[0], data_set)
    for n in reversed(after):
        want = numpy.expand_dims(want, squeeze_axes(n, values))

    attr = attributes(node)
    batch, channels, size = src.shape[0], src.shape[1], src.shape[2:]
    tensors, groups, out_channels, bias = [src], 1, channels, 0
    if node.op_type == 'Conv':
        filter_ = values[node.input[1]]
        tensors.append(filter_)
        groups, out_channels = attr.get('group', 1), filter_.shape[0]
        attr['kernel_shape'] = filter_.shape[2:]
        if len(node.input) > 2 and node.input[2]:
            tensors.append(values[node.input[2]])
            bias = 1
    elif node.op_type.startswith('Global'):
        attr['kernel_shape'] = size
    tensors.append(want)

    ones, zeros = [1] * dims, [0] * dims
    pads = attr.get('pads', zeros + zeros)
    begin, end = pads[:dims], pads[dims:]
    if dims == 1:  # an axis that is not there has no padding
        begin, end = [0] + list(begin), [0] + list(end)
    fields = [dims, attr.get('auto_pad', b'NOTSET').decode(), attr.get('ceil_mode', 0),
              attr.get('count_include_pad', 0), batch, channels, out_channels, groups, bias,
              *two(size), *two(attr['kernel_shape']), *two(attr.get('strides', ones)),
              *two(attr.get('dilations', ones)), *begin, *end, *two(want.shape[2:])]
    return node, fields, tensors


def cases(data):
    """Every (name, model, data set directory) whose graph has to do with convolution or pooling."""
    for path in sorted(data.glob('*/*/model.onnx')):
        graph = onnx.load(str(path)).graph
        if related(graph):
            for data_set in sorted(path.parent.glob('test_data_set_*')):
                name = '%s/%s' % (path.parent.parent.name, path.parent.name)
                yield name + data_set.name.replace('test_data_set', ''), graph, data_set


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('output', type=pathlib.Path)
    parser.add_argument('--data', type=pathlib.Path, help='directory of the ONNX backend tests',
                        default=pathlib.Path(onnx.__file__).parent / 'backend/test/data')
    options = parser.parse_args()

    run = left_out = 0
    with open(options.output, 'wb') as out:
        out.write(b'swconv-conformance 1\n')

        def line(*words):
            out.write((' '.join(str(w) for w in words) + '\n').encode())

        for name, graph, data_set in cases(options.data):
            try:
                node, fields, tensors = read_case(graph, data_set)
            except LeftOut as why:
                line('left_out', '+'.join(related(graph)), name, why)
                left_out += 1
                continue
            line('run', node.op_type, name, *fields)
            for tensor in tensors:
                out.write(numpy.ascontiguousarray(tensor, '<f4').tobytes())
            run += 1
            if len(node.output) > 1:
                line('left_out', node.op_type, name, 'second output (Indices) only; values are run')
                left_out += 1
    print('%s: %d cases to run, %d left out' % (options.output, run, left_out))


if __name__ == '__main__':
    main()
