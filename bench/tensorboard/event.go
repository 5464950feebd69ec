package tensorboard

import (
	"math"

	"google.golang.org/protobuf/encoding/protowire"
)

// The numbers of fields in TensorFlow's event.proto, summary.proto, tensor.proto and tensor_shape.proto, and values of its enumerations.
const (
	eventWallTime, eventStep, eventVersion, eventSummary = 1, 2, 3, 5

	summaryValue                                                = 1
	valueTag, valueScalar, valueHistogram, valueTensor, valueOf = 1, 2, 5, 8, 9
	metadataPlugin, pluginName                                  = 1, 1

	tensorType, tensorShape, tensorString = 1, 2, 8
	shapeDim, dimSize                     = 2, 1
	typeString                            = 7

	histogramMin, histogramMax, histogramNum, histogramSum, histogramSquares, histogramLimits, histogramCounts = 1, 2, 3, 4, 5, 6, 7
)

func appendDouble(b []byte, field protowire.Number, x float64) []byte {
	return protowire.AppendFixed64(protowire.AppendTag(b, field, protowire.Fixed64Type), math.Float64bits(x))
}

func appendFloat(b []byte, field protowire.Number, x float32) []byte {
	return protowire.AppendFixed32(protowire.AppendTag(b, field, protowire.Fixed32Type), math.Float32bits(x))
}

func appendInt(b []byte, field protowire.Number, x int64) []byte {
	return protowire.AppendVarint(protowire.AppendTag(b, field, protowire.VarintType), uint64(x))
}

func appendBytes(b []byte, field protowire.Number, x []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(b, field, protowire.BytesType), x)
}

func appendDoubles(b []byte, field protowire.Number, xs []float64) []byte {
	var packed []byte
	for _, x := range xs {
		packed = protowire.AppendFixed64(packed, math.Float64bits(x))
	}
	return appendBytes(b, field, packed)
}

// header begins an event: the time in seconds since 1970, and the step, which is left out where it is 0.
func header(seconds float64, step int) []byte {
	b := appendDouble(nil, eventWallTime, seconds)
	if step == 0 {
		return b
	}
	return appendInt(b, eventStep, int64(step))
}

func version(seconds float64) []byte {
	return appendBytes(header(seconds, 0), eventVersion, []byte("brain.Event:2"))
}

// scalar, text and histogram are values of a summary.
func scalar(tag string, x float64) []byte {
	return appendFloat(appendBytes(nil, valueTag, []byte(tag)), valueScalar, float32(x))
}

func text(tag, content string) []byte {
	plugin := appendBytes(nil, pluginName, []byte("text"))
	shape := appendBytes(nil, shapeDim, appendInt(nil, dimSize, 1))
	tensor := appendBytes(appendBytes(appendInt(nil, tensorType, typeString), tensorShape, shape), tensorString, []byte(content))
	b := appendBytes(nil, valueTag, []byte(tag))
	b = appendBytes(b, valueTensor, tensor)
	return appendBytes(b, valueOf, appendBytes(nil, metadataPlugin, plugin))
}

// bins is the buckets of a histogram.
const bins = 30

// histogram counts values in buckets of equal width between the least and the largest. Values that are not finite are left out.
func histogram(tag string, values []float64) []byte {
	least, most, sum, squares, n := math.Inf(1), math.Inf(-1), 0.0, 0.0, 0.0
	for _, x := range values {
		if !math.IsNaN(x) && !math.IsInf(x, 0) {
			least, most = min(least, x), max(most, x)
			sum, squares, n = sum+x, squares+x*x, n+1
		}
	}
	var limits, counts []float64
	if n > 0 {
		limits, counts = buckets(values, least, most, n)
	} else {
		least, most = 0, 0
	}
	h := appendDouble(appendDouble(nil, histogramMin, least), histogramMax, most)
	h = appendDouble(appendDouble(appendDouble(h, histogramNum, n), histogramSum, sum), histogramSquares, squares)
	h = appendDoubles(appendDoubles(h, histogramLimits, limits), histogramCounts, counts)
	return appendBytes(appendBytes(nil, valueTag, []byte(tag)), valueHistogram, h)
}

// buckets are the upper ends of those for n finite values, and what is in them.
func buckets(values []float64, least, most, n float64) (limits, counts []float64) {
	width := most/bins - least/bins
	if width <= 0 { // all values are equal, or nearly
		return []float64{most}, []float64{n}
	}
	limits, counts = make([]float64, bins), make([]float64, bins)
	for i := range limits {
		f := float64(i+1) / bins
		limits[i] = least*(1-f) + most*f
	}
	limits[bins-1] = most
	for _, x := range values {
		if !math.IsNaN(x) && !math.IsInf(x, 0) {
			counts[max(0, min(bins-1, int(x/width-least/width)))]++
		}
	}
	return limits, counts
}

// stepOf reads the step of an event; an event without one is of step 0.
func stepOf(event []byte) (step int64, err error) {
	for len(event) > 0 {
		number, kind, n := protowire.ConsumeTag(event)
		if n < 0 {
			return 0, protowire.ParseError(n)
		}
		event = event[n:]
		if number == eventStep && kind == protowire.VarintType {
			x, n := protowire.ConsumeVarint(event)
			if n < 0 {
				return 0, protowire.ParseError(n)
			}
			step, event = int64(x), event[n:]
			continue
		}
		if n = protowire.ConsumeFieldValue(number, kind, event); n < 0 {
			return 0, protowire.ParseError(n)
		}
		event = event[n:]
	}
	return step, nil
}
