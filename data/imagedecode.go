package data

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"

	"golang.org/x/image/draw"
)

// imageFormat is what images become: channels × height × width bytes. A 0 is as in the first image, which the others must be like.
type imageFormat struct {
	channels, height, width int
	convert, resize         bool // images of other channels, or of another size, are made to fit
}

// Bombs: images of more than freePixels pixels may have no more than pixelsPerByte for each byte of their files. A JPEG file of one
// colour reaches 200, and a PNG file 344.
const (
	freePixels    = 1 << 20
	pixelsPerByte = 1000
	maxPixels     = 1 << 26
)

// codec is how a file that starts like this one is read.
func codec(raw []byte) (config func([]byte) (image.Config, error), decode func([]byte) (image.Image, error), err error) {
	switch {
	case bytes.HasPrefix(raw, []byte("\x89PNG")):
		return func(raw []byte) (image.Config, error) { return png.DecodeConfig(bytes.NewReader(raw)) },
			func(raw []byte) (image.Image, error) { return png.Decode(bytes.NewReader(raw)) }, nil
	case bytes.HasPrefix(raw, []byte("\xff\xd8")):
		return func(raw []byte) (image.Config, error) { return jpeg.DecodeConfig(bytes.NewReader(raw)) },
			func(raw []byte) (image.Image, error) { return jpeg.Decode(bytes.NewReader(raw)) }, nil
	}
	return nil, nil, errors.New("neither a PNG nor a JPEG file, by its first bytes")
}

// imageHeader reads the size of an image, before anything is reserved for it.
func imageHeader(raw []byte) (image.Config, error) {
	config, _, err := codec(raw)
	if err != nil {
		return image.Config{}, err
	}
	c, err := config(raw)
	if err != nil {
		return c, err
	}
	pixels := float64(c.Width) * float64(c.Height)
	if pixels < 1 {
		return c, errors.New("an image without pixels")
	}
	if pixels > maxPixels || pixels > freePixels && pixels > float64(len(raw))*pixelsPerByte {
		return c, fmt.Errorf("%d×%d pixels in %d bytes: this looks like a decompression bomb", c.Height, c.Width, len(raw))
	}
	switch c.ColorModel {
	case color.Gray16Model, color.RGBA64Model, color.NRGBA64Model:
		return c, errors.New("16 bits a channel: convert the images to 8 bits, or give an array of them (npz)")
	}
	return c, nil
}

// read is the bytes of an image and what its header says.
func (file imageFile) read() (raw []byte, c image.Config, err error) {
	if raw, err = file.bytes(); err == nil {
		c, err = imageHeader(raw)
	}
	return raw, c, err
}

// settle takes what the format leaves open from an image. It decodes it to the end: a header alone is no measure for all the others.
func (f *imageFormat) settle(file imageFile) error {
	if f.channels > 0 && f.height > 0 {
		return nil
	}
	raw, c, err := file.read()
	if err != nil {
		return err
	}
	_, decode, _ := codec(raw)
	if _, err := decode(raw); err != nil {
		return err
	}
	if f.height == 0 {
		f.height, f.width = c.Height, c.Width
	}
	if f.channels == 0 {
		f.channels = channelsOf(c)
	}
	return nil
}

// channelsOf is 1 for grey and 3 for colour.
func channelsOf(c image.Config) int {
	if c.ColorModel == color.GrayModel {
		return 1
	}
	return 3
}

// colouring is what a number of channels is called.
func colouring(channels int) string {
	if channels == 1 {
		return "grey"
	}
	return "colour"
}

// check refuses an image that is unlike the first where it may not be made to fit.
func (f imageFormat) check(c image.Config) error {
	if !f.resize && (c.Height != f.height || c.Width != f.width) {
		return fmt.Errorf("%d×%d pixels, the first image has %d×%d: say which size all shall have, as in size=%d",
			c.Height, c.Width, f.height, f.width, min(f.height, f.width))
	}
	if n := channelsOf(c); !f.convert && n != f.channels {
		return fmt.Errorf("an image in %s, the first one is in %s: say channels=1 for grey or channels=3 for colour", colouring(n), colouring(f.channels))
	}
	return nil
}

// decode writes the image of a file to dst, channel by channel.
func (file imageFile) decode(f imageFormat, dst []byte) error {
	raw, c, err := file.read()
	if err != nil {
		return err
	}
	if err := f.check(c); err != nil {
		return err
	}
	_, decode, _ := codec(raw)
	img, err := decode(raw)
	if err != nil {
		return err
	}
	if b := img.Bounds(); b.Dy() != f.height || b.Dx() != f.width {
		img = f.fit(img)
	}
	f.write(img, dst)
	return nil
}

// fit scales an image so that it just covers the format, and crops it around its middle.
func (f imageFormat) fit(img image.Image) image.Image {
	from := img.Bounds()
	if w := from.Dy() * f.width / f.height; w < from.Dx() {
		from.Min.X += (from.Dx() - max(w, 1)) / 2
		from.Max.X = from.Min.X + max(w, 1)
	} else if h := from.Dx() * f.height / f.width; h < from.Dy() {
		from.Min.Y += (from.Dy() - max(h, 1)) / 2
		from.Max.Y = from.Min.Y + max(h, 1)
	}
	to := image.NewNRGBA(image.Rect(0, 0, f.width, f.height))
	draw.BiLinear.Scale(to, to.Bounds(), img, from, draw.Src, nil)
	return to
}

// write stores the pixels of an image that has the format's size. What is transparent has its own colour.
func (f imageFormat) write(img image.Image, dst []byte) {
	b, plane := img.Bounds(), f.height*f.width
	for y := range f.height {
		for x := range f.width {
			at := y*f.width + x
			if f.channels == 1 {
				dst[at] = color.GrayModel.Convert(opaque(img, b.Min.X+x, b.Min.Y+y)).(color.Gray).Y
				continue
			}
			c := opaque(img, b.Min.X+x, b.Min.Y+y)
			dst[at], dst[plane+at], dst[2*plane+at] = c.R, c.G, c.B
		}
	}
}

// opaque is the colour of a pixel, whatever its transparency.
func opaque(img image.Image, x, y int) (c color.RGBA) {
	switch img := img.(type) {
	case *image.Gray:
		v := img.GrayAt(x, y).Y
		return color.RGBA{v, v, v, 255}
	case *image.YCbCr:
		p := img.YCbCrAt(x, y)
		r, g, b := color.YCbCrToRGB(p.Y, p.Cb, p.Cr)
		return color.RGBA{r, g, b, 255}
	case *image.RGBA:
		p := img.RGBAAt(x, y)
		return color.RGBA{p.R, p.G, p.B, 255}
	}
	p := color.NRGBAModel.Convert(img.At(x, y)).(color.NRGBA)
	return color.RGBA{p.R, p.G, p.B, 255}
}
