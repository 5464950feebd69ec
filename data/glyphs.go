package data

import (
	"image"
	"image/draw"
	"math"

	"drift/data/random"

	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/vector"
)

func glyphsSource() Source {
	return Source{
		Name:  "glyphs",
		About: "grey images of the digits 0 to 9, drawn from the Go fonts with random distortion, blur and noise",
		Options: []Option{
			{"train", "2000", "number of training images"},
			{"test", "2000", "number of test images"},
			{"size", "16", "height and width in pixels, 8 to 64"},
			{"noise", "0.12", "standard deviation of the noise of a pixel, whose range is 0 to 1"},
		},
		load: loadGlyphs,
		mean: []float64{0.18}, std: []float64{0.23},
	}
}

func loadGlyphs(r *request) (*Split, error) {
	size, noise := r.count("size", 16, 8, 64), r.number("noise", 0.12, 0, 1)
	return r.generate(2000, 2000, Set{Name: r.Name, Shape: []int{1, size, size}, Classes: 10}, newGlyphPainter(size, noise).paint)
}

// glyphPainter draws one image at a time.
type glyphPainter struct {
	size   int
	noise  float64
	raster *vector.Rasterizer
	mask   *image.Alpha
	soft   []float64 // the mask, blurred
	tmp    []float64
}

func newGlyphPainter(size int, noise float64) *glyphPainter {
	return &glyphPainter{
		size: size, noise: noise, raster: vector.NewRasterizer(size, size), mask: image.NewAlpha(image.Rect(0, 0, size, size)),
		soft: make([]float64, size*size), tmp: make([]float64, size*size),
	}
}

// paint draws a random digit in a random face into x [1,size,size] and its class into y [1].
func (p *glyphPainter) paint(random *random.Stream, x, y []float32) {
	faces := glyphOutlines()
	digit := random.IntN(10)
	outline := faces[random.IntN(len(faces))][digit]
	y[0] = float32(digit)

	p.outline(outline, newWarp(random, float64(p.size)))
	for i, a := range p.mask.Pix {
		p.soft[i] = float64(a) / 255
	}
	p.blur(random.Between(0, 0.7) * min(1, float64(p.size)/16))
	ink, paper := random.Between(0.7, 1), random.Between(0, 0.1)
	for i, a := range p.soft {
		v := paper + (ink-paper)*a + p.noise*random.NormFloat64()
		x[i] = float32(min(max(v, 0), 1))
	}
}

// outline fills the warped outline into the mask; its value is the share of a pixel that is covered.
func (p *glyphPainter) outline(segments []segment, w warp) {
	p.raster.Reset(p.size, p.size)
	p.raster.DrawOp = draw.Src
	for _, s := range segments {
		var q [3][2]float32
		for i, point := range s.points {
			q[i] = w.apply(point)
		}
		switch s.op {
		case sfnt.SegmentOpMoveTo:
			p.raster.ClosePath()
			p.raster.MoveTo(q[0][0], q[0][1])
		case sfnt.SegmentOpLineTo:
			p.raster.LineTo(q[0][0], q[0][1])
		case sfnt.SegmentOpQuadTo:
			p.raster.QuadTo(q[0][0], q[0][1], q[1][0], q[1][1])
		case sfnt.SegmentOpCubeTo:
			p.raster.CubeTo(q[0][0], q[0][1], q[1][0], q[1][1], q[2][0], q[2][1])
		}
	}
	p.raster.ClosePath()
	p.raster.Draw(p.mask, p.mask.Bounds(), image.Opaque, image.Point{})
}

// blur convolves the image with a Gaussian of the given standard deviation in pixels, cut off after two pixels.
func (p *glyphPainter) blur(sigma float64) {
	var kernel [3]float64 // at distance 0, 1, 2
	total := 0.0
	for d := range kernel {
		kernel[d] = math.Exp(-float64(d*d) / (2*sigma*sigma + 1e-9))
		total += kernel[d] * float64(min(2, d+1))
	}
	pass := func(dst, src []float64, step, across int) {
		for line := range p.size {
			row := line * across
			for i := range p.size {
				sum := 0.0
				for k := max(0, i-2); k <= min(p.size-1, i+2); k++ {
					sum += kernel[max(k-i, i-k)] * src[row+k*step]
				}
				dst[row+i*step] = sum / total
			}
		}
	}
	pass(p.tmp, p.soft, 1, p.size)
	pass(p.soft, p.tmp, p.size, 1)
}
