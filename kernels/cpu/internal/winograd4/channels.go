package winograd4

// Channels are the tiles of one image, Rows rows of Across, all of 4×4 outputs, for transforms in vectors that run along channels: they suit
// planes of few tiles. Pixels, outputs and tiles lie one behind the other, each with all its channels.
type Channels struct{ Rows, Across int }

// Tiles is their number.
func (t Channels) Tiles() int { return t.Rows * t.Across }

// Padded is the pixels of a row and of a plane with the zeros around them.
func (t Channels) Padded() (row, plane int) {
	row = Tile*t.Across + 2
	return row, row * (Tile*t.Rows + 2)
}

// LinesLen is the elements of working memory that a transform takes.
func (t Channels) LinesLen(channels int) int {
	row, _ := t.Padded()
	return 6 * max(4, t.Rows*row) * channels
}

// Data is v[p·step+t·channels+c] = (Bᵀ x B)[p] for place p of the patch of tile t, of padded pixels x.
func (t Channels) Data(v []float32, step int, x, lines []float32, channels int) {
	row, plane := t.Padded()
	line := row * channels
	_, _ = lines[t.LinesLen(channels)-1], x[plane*channels-1]
	active().dataLanes(&lines[0], &x[0], t.Rows, line, 6*line, line, Tile*line, line)
	_ = v[(Places-1)*step+t.Tiles()*channels-1]
	for i := range t.Tiles() {
		from := (i/t.Across*6*row + i%t.Across*Tile) * channels
		active().dataLanes(&v[i*channels], &lines[from], 6, channels, 6*step, step, line, channels)
	}
}

// Spread is v[p·step+t·channels+c] = (A y Aᵀ)[p] for the outputs of tiles.
func (t Channels) Spread(v []float32, step int, y, lines []float32, channels int) {
	row := Tile * t.Across
	line := row * channels
	_, _ = lines[t.LinesLen(channels)-1], y[Tile*t.Rows*line-1]
	active().spreadLanes(&lines[0], &y[0], t.Rows, line, 6*line, line, Tile*line, line)
	_ = v[(Places-1)*step+t.Tiles()*channels-1]
	for i := range t.Tiles() {
		from := (i/t.Across*6*row + i%t.Across*Tile) * channels
		active().spreadLanes(&v[i*channels], &lines[from], 6, channels, 6*step, step, line, channels)
	}
}

// Outputs writes Aᵀ m A for m[p·step+t·channels+c] into the outputs of tiles.
func (t Channels) Outputs(y []float32, m []float32, step int, lines []float32, channels int) {
	line := Tile * t.Across * channels
	_, _ = lines[t.LinesLen(channels)-1], y[Tile*t.Rows*line-1]
	_ = m[(Places-1)*step+t.Tiles()*channels-1]
	for i := range t.Tiles() {
		active().outputLanes(&lines[0], &m[i*channels], 6, channels, channels, 6*channels, step, 6*step)
		to := i/t.Across*Tile*line + i%t.Across*Tile*channels
		active().outputLanes(&y[to], &lines[0], Tile, channels, line, channels, 6*channels, channels)
	}
}
