package data

import "fmt"

// RemoteFile is a file that Fetch downloads.
type RemoteFile struct {
	Name   string
	Size   int64
	SHA256 string
	URLs   []string // the same file in several places, tried in order
	// members are the files to take out of it, with their sizes, when it is a gzipped tar archive; they go into folder.
	members map[string]int64
	folder  string
}

// RemoteFiles lists what Fetch downloads for the named data set.
//
// The sums are the publishers': of Fashion-MNIST's and MNIST's four files and of the binary archives of
// https://www.cs.toronto.edu/~kriz/cifar.html. Distributions repack some of them; Load reads those as well.
func RemoteFiles(name string) ([]RemoteFile, error) {
	switch name {
	case "fashion-mnist":
		return idxFiles([4]int64{26421880, 29515, 4422102, 5148}, [4]string{
			"3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
			"a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
			"346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
			"67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
		}, "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
			"http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/"), nil
	case "mnist":
		return idxFiles([4]int64{9912422, 28881, 1648877, 4542}, [4]string{
			"440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
			"3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
			"8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
			"f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
		}, "https://ossci-datasets.s3.amazonaws.com/mnist/", "https://storage.googleapis.com/cvdf-datasets/mnist/"), nil
	case "cifar10":
		return cifar10.remote("cifar-10-binary.tar.gz", 170052171,
			"c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd", 10000, 10000), nil
	case "cifar100":
		return cifar100.remote("cifar-100-binary.tar.gz", 168513733,
			"58a81ae192c23a4be8b1804d68e518ed807d710a4eb253b1f2a199162a40d8ec", 50000, 10000), nil
	}
	return nil, fmt.Errorf("%q is not a data set that can be fetched: choose from fashion-mnist, mnist, cifar10, cifar100", name)
}

// idxFiles describes the four files of MNIST's layout, which lie under each of the given addresses.
func idxFiles(sizes [4]int64, sums [4]string, bases ...string) []RemoteFile {
	files := make([]RemoteFile, 4)
	for i, name := range []string{"train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz", "t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"} {
		files[i] = RemoteFile{Name: name, Size: sizes[i], SHA256: sums[i]}
		for _, base := range bases {
			files[i].URLs = append(files[i].URLs, base+name)
		}
	}
	return files
}

// remote describes the archive of the binary files, which hold a fixed number of records each.
func (c cifar) remote(archive string, size int64, sum string, trainRecords, testRecords int64) []RemoteFile {
	f := RemoteFile{
		Name: archive, Size: size, SHA256: sum, URLs: []string{"https://www.cs.toronto.edu/~kriz/" + archive},
		members: map[string]int64{}, folder: c.dir,
	}
	record := int64(c.labels + cifarPixels)
	for _, name := range c.train {
		f.members[name] = trainRecords * record
	}
	for _, name := range c.test {
		f.members[name] = testRecords * record
	}
	return []RemoteFile{f}
}
