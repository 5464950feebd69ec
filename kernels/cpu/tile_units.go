package cpu

// tileUnits cuts images of rows of tiles into units: groups of whole images, or rows of one. They follow from sizes alone.
type tileUnits struct {
	images, all int // of them, and rows of tiles in an image
	group, rows int // images, and rows of tiles, of a unit
	strips      int // units of an image, or 1
}

// cutTiles cuts rows of across tiles so that a unit has at most about tiles of them, and most images.
func cutTiles(images, rows, across, tiles, most int) tileUnits {
	u := tileUnits{images, rows, 1, rows, 1}
	if rows*across <= tiles {
		u.group = min(most, images, tiles/(rows*across))
	} else {
		least := max(1, tiles/across)
		u.strips = (rows + least - 1) / least
		u.rows = (rows + u.strips - 1) / u.strips
	}
	return u
}

func (u *tileUnits) units() int { return (u.images + u.group - 1) / u.group * u.strips }

// unit is rows of tiles from top on of images [from, to); the last unit of an image may have fewer of them.
func (u *tileUnits) unit(i int) (from, to, top, rows int) {
	from, top = i/u.strips*u.group, i%u.strips*u.rows
	return from, min(from+u.group, u.images), top, min(u.rows, u.all-top)
}
