package data

import "fmt"

// layoutOption says where the channels of images in arrays are.
func layoutOption() Option {
	return Option{"layout", "chw, refused where channels seem to be last", "layout of images: chw (channels first) or hwc (channels last)"}
}

// images gives the inputs of a part the shape [C,H,W] where they are images: [H,W] gets one channel, and [H,W,C] is reordered
// where layout says so. Without a word about it, what looks like channels last is refused.
func images(s *Set, layout string) error {
	d := s.Shape
	if len(d) == 2 {
		s.Shape = []int{1, d[0], d[1]}
		return nil
	}
	if len(d) != 3 {
		if layout != "" {
			return fmt.Errorf("layout=%s: examples have shape %v and are no images", layout, d)
		}
		return nil
	}
	if layout == "" && channelsLast(d) {
		return fmt.Errorf("examples of shape %v look like images with their channels last: say layout=hwc, or layout=chw if they have %d channels of %d×%d",
			d, d[0], d[1], d[2])
	}
	if layout == "hwc" {
		pixels, channels := d[0]*d[1], d[2]
		s.X = s.X.stored(channelsFirst[byte](pixels, channels), channelsFirst[float32](pixels, channels), channelsFirst[float64](pixels, channels))
		s.Shape = []int{d[2], d[0], d[1]}
	}
	return nil
}

// channelsLast tells shapes that are likely [H,W,C].
func channelsLast(d []int) bool { return d[2] <= 4 && d[0] > d[2] && d[1] > d[2] }

// channelsFirst reorders examples of pixels × channels so that each channel is in one piece.
func channelsFirst[T any](pixels, channels int) func(x []T) []T {
	return func(x []T) []T {
		if x == nil {
			return nil
		}
		out := make([]T, len(x))
		for from := 0; from < len(x); from += pixels * channels {
			reorder(out[from:], x[from:], pixels, channels)
		}
		return out
	}
}

// reorder brings the channels of one image, last in from, to the front.
func reorder[T any](to, from []T, pixels, channels int) {
	for p := range pixels {
		for c := range channels {
			to[c*pixels+p] = from[p*channels+c]
		}
	}
}
