package data

// Stored bytes: what devices keep of images and of short alphabets, and what the bytes stand for.

// StoresBytes reports whether the inputs are stored as bytes, in memory or where Rows read them.
func (s Set) StoresBytes() bool {
	if s.Rows != nil {
		return bytesOf(s.Rows) != nil && (s.Labels != nil || s.Y != nil)
	}
	return s.X.bytes != nil
}

// ReadBytes copies the stored bytes of the input of example i into dst [Size], of a set that StoresBytes.
func (s Set) ReadBytes(i int, dst []byte) error {
	if s.Rows != nil {
		return bytesOf(s.Rows)(i, dst)
	}
	copy(dst, s.X.bytes[i*len(dst):])
	return nil
}

// Bytes is the stored bytes of the inputs of all examples, nil where they are not in memory as bytes. They are shared.
func (s Set) Bytes() []byte { return s.X.bytes }

// Levels is what the bytes 0 to 255 of an example's input read as, [groups,256], rounded as ReadInputs does it. The elements of an input fall into
// groups, one behind the other and of equal length, within which a byte reads as one number: a group for each channel or feature that is
// normalized by itself, else one for the whole input. With split, a whole input is divided into a group for each index of its first axis (channels
// of an image), which then read alike.
func Levels[T Float](s Set, split bool) (levels []T, groups int) {
	groups = 1
	if a := s.X.affine; a != nil && a.run > 0 {
		groups = len(a.mean)
	}
	if split && groups == 1 {
		groups = s.Shape[0]
	}
	run := s.Size() / groups
	levels = make([]T, groups*256)
	for g := range groups {
		for b := range 256 {
			convert(levels[g*256+b:][:1], []byte{byte(b)}, g*run, s.X.affine)
		}
	}
	return levels, groups
}

// SameLevels reports whether the bytes of two sets read alike.
func SameLevels(s, t Set) bool { return s.X.affine.equal(t.X.affine) }

// byteReader reads the stored bytes of an example.
type byteReader func(i int, dst []byte) error

// bytesOf is how to read examples that are stored as bytes; nil for others.
func bytesOf(r Rows) byteReader {
	switch r := r.(type) {
	case imageRows:
		return r.readBytes
	case arrayRows:
		if r.kind == 'u' && r.bytes == 1 && !r.boolean {
			return r.readBytes
		}
	case chosenRows:
		return through(bytesOf(r.Rows), func(i int) int { return int(r.indices[i]) })
	case runOfRows:
		return through(bytesOf(r.Rows), func(i int) int { return r.from + i })
	case changedRows:
		if inner := bytesOf(r.Rows); inner != nil {
			return func(i int, dst []byte) error {
				image := make([]byte, len(dst))
				if err := inner(i%r.Rows.Len(), image); err != nil {
					return err
				}
				changed(dst, image, r.shape, r.changes[i], func(int) byte { return 0 })
				return nil
			}
		}
	}
	return nil
}

func through(inner byteReader, at func(int) int) byteReader {
	if inner == nil {
		return nil
	}
	return func(i int, dst []byte) error { return inner(at(i), dst) }
}
