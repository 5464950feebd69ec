package weights

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"

	"drift/data/pickle"
)

// maxTorchPickle is the most bytes that are read of the part of a file of PyTorch's that says what it holds: a tensor takes about two
// hundred.
const maxTorchPickle = 64 << 20

// torchArchive is a file of torch.save: a zip archive of a pickle, FOLDER/data.pkl, and of the bytes of each storage, uncompressed, in
// FOLDER/data/KEY.
type torchArchive struct {
	r        io.ReaderAt
	size     int64
	folder   string
	entries  map[string]*zip.File
	storages map[string]*storage
}

// listTorch lists the tensors of such a file. Its pickle is interpreted, and nothing in it is run.
func listTorch(r io.ReaderAt, size int64) ([]*tensor, error) {
	a, err := openTorch(r, size)
	if err != nil {
		return nil, err
	}
	raw, err := a.readAll("data.pkl", maxTorchPickle)
	if err != nil {
		return nil, err
	}
	value, err := pickle.DecodeAllowed(raw, allowed)
	if err != nil {
		return nil, fmt.Errorf("data.pkl: %w", err)
	}
	tensors, err := a.state(value)
	if err == nil && len(tensors) == 0 {
		err = errors.New("there are no tensors in it: save the state_dict() of the network")
	}
	return tensors, err
}

func openTorch(r io.ReaderAt, size int64) (*torchArchive, error) {
	archive, err := zip.NewReader(r, size)
	if err != nil {
		return nil, fmt.Errorf("it begins as a file of torch.save, but is cut short or damaged: %w", err)
	}
	a := &torchArchive{r: r, size: size, entries: map[string]*zip.File{}, storages: map[string]*storage{}}
	found := false
	for _, entry := range archive.File {
		if a.entries[entry.Name] != nil {
			return nil, fmt.Errorf("the zip archive holds %.60q twice", entry.Name)
		}
		a.entries[entry.Name] = entry
		if path.Base(entry.Name) == "data.pkl" {
			if found {
				return nil, errors.New("the zip archive holds several files data.pkl")
			}
			found, a.folder = true, strings.TrimSuffix(entry.Name, "data.pkl")
		}
	}
	if !found {
		return nil, errors.New("a zip archive without data.pkl: not a file of torch.save")
	}
	if a.entries[a.folder+"constants.pkl"] != nil {
		return nil, errors.New("a TorchScript archive: save the state_dict() of the network with torch.save")
	}
	if a.entries[a.folder+"byteorder"] != nil {
		order, err := a.readAll("byteorder", 16)
		if err == nil && string(order) != "little" {
			err = fmt.Errorf("its byte order is %q, only little-endian files are read", order)
		}
		if err != nil {
			return nil, err
		}
	}
	return a, nil
}

// entry finds a member, which must lie in the file as it is.
func (a *torchArchive) entry(name string) (*zip.File, error) {
	entry := a.entries[a.folder+name]
	if entry == nil {
		return nil, fmt.Errorf("the zip archive lacks %.60q", name)
	}
	if entry.Method != zip.Store {
		return nil, fmt.Errorf("%.60q is compressed, which torch.save never does: unpack the archive and zip it with -0", name)
	}
	if entry.UncompressedSize64 != entry.CompressedSize64 || entry.UncompressedSize64 > uint64(a.size) {
		return nil, fmt.Errorf("%.60q claims %d bytes in a file of %d: the file is damaged", name, entry.UncompressedSize64, a.size)
	}
	return entry, nil
}

// readAll is the content of a member of at most the given size.
func (a *torchArchive) readAll(name string, most int64) ([]byte, error) {
	entry, err := a.entry(name)
	if err != nil {
		return nil, err
	}
	if entry.UncompressedSize64 > uint64(most) {
		return nil, fmt.Errorf("%s has %d bytes, at most %d are read", name, entry.UncompressedSize64, most)
	}
	r, err := entry.Open()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	defer r.Close()
	raw, err := io.ReadAll(io.LimitReader(r, most+1))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return raw, nil
}

// storage is memory that tensors lie in, maybe several in one.
type storage struct {
	data    *io.SectionReader
	entry   *zip.File
	checked bool
}

// storage finds one by its key.
func (a *torchArchive) storage(key string) (*storage, error) {
	if s := a.storages[key]; s != nil {
		return s, nil
	}
	entry, err := a.entry("data/" + key)
	if err != nil {
		return nil, err
	}
	at, err := entry.DataOffset()
	if err == nil && at > a.size-int64(entry.UncompressedSize64) {
		err = errors.New("it lies beyond the end of the file, which is cut short or damaged")
	}
	if err != nil {
		return nil, fmt.Errorf("data/%.40s: %w", key, err)
	}
	s := &storage{data: io.NewSectionReader(a.r, at, int64(entry.UncompressedSize64)), entry: entry}
	a.storages[key] = s
	return s, nil
}

// check compares the bytes with their checksum, once.
func (s *storage) check() error {
	if s.checked {
		return nil
	}
	r, err := s.entry.Open()
	if err != nil {
		return err
	}
	defer r.Close()
	if _, err := io.Copy(io.Discard, r); err != nil {
		return fmt.Errorf("%s: %w: the file is damaged", path.Base(s.entry.Name), err)
	}
	s.checked = true
	return nil
}
