package data

import (
	"math"

	"drift/data/random"
)

// warp maps an outline, centred and one unit high, to pixels: a wave that bends it, then an affine map.
type warp struct {
	a                [2][2]float64
	shift            [2]float64
	bend, wave, turn float64 // amplitude (units), frequency (radians a unit), phase
}

// newWarp draws a warp for an image of the given size in pixels: height 55 to 85 % of it, width scaled by 0.8 to 1.2,
// turned by up to 20°, sheared by up to 0.2, moved by up to 8 % of the size each way.
func newWarp(random *random.Stream, size float64) warp {
	height := size * random.Between(0.55, 0.85)
	width := height * random.Between(0.8, 1.2)
	angle := random.Between(-20, 20) * math.Pi / 180
	shear := random.Between(-0.2, 0.2)
	sin, cos := math.Sincos(angle)
	return warp{
		a: [2][2]float64{
			{width * cos, height * (shear*cos - sin)},
			{width * sin, height * (shear*sin + cos)},
		},
		shift: [2]float64{size * (0.5 + random.Between(-0.08, 0.08)), size * (0.5 + random.Between(-0.08, 0.08))},
		bend:  random.Between(0, 0.08), wave: random.Between(3, 7), turn: random.Between(0, 2*math.Pi),
	}
}

func (w warp) apply(p [2]float64) [2]float32 {
	x := p[0] + w.bend*math.Sin(w.wave*p[1]+w.turn)
	y := p[1] + w.bend*math.Sin(w.wave*p[0]-w.turn)
	return [2]float32{
		float32(w.a[0][0]*x + w.a[0][1]*y + w.shift[0]),
		float32(w.a[1][0]*x + w.a[1][1]*y + w.shift[1]),
	}
}
