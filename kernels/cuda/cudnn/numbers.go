//go:build gpu

package cudnn

// The numbers of cudnn_graph.h (cudnn_backend.h in cuDNN 8), which no version has changed.

// status is what a call returns.
type status int32

// kind is what a descriptor describes.
type kind int32

const (
	pointwiseKind          kind = 0
	convolutionKind        kind = 1
	engineKind             kind = 2
	configKind             kind = 3
	heuristicKind          kind = 4
	planKind               kind = 5
	knobChoiceKind         kind = 7
	convolveOutputKind     kind = 10
	convolveKernelsKind    kind = 11
	convolveImageKind      kind = 12
	pointwiseOperationKind kind = 13
	graphKind              kind = 15
	variantPackKind        kind = 16
	tensorKind             kind = 17
	matmulKind             kind = 18
	matmulOperationKind    kind = 19
	reductionKind          kind = 21
	reductionOperationKind kind = 22
	reshapeOperationKind   kind = 31
)

// element is the type of an attribute's elements.
type element int32

const (
	handleElement        element = 0
	dataTypeElement      element = 1
	booleanElement       element = 2 // one byte
	int64Element         element = 3
	floatElement         element = 4
	doubleElement        element = 5
	pointerElement       element = 6
	convolutionElement   element = 7
	heuristicElement     element = 8
	knobElement          element = 9
	numericalNoteElement element = 11
	pointwiseElement     element = 14
	descriptorElement    element = 15
	reductionElement     element = 18
	behaviorNoteElement  element = 19
)

// attribute is one of a descriptor's.
type attribute int32

const (
	pointwiseMode      attribute = 0
	pointwiseMath      attribute = 1
	pointwiseLowerClip attribute = 3
	pointwiseUpperClip attribute = 4
	pointwiseSlope     attribute = 5
	pointwiseAxis      attribute = 9

	convolutionCompute      attribute = 100
	convolutionMode         attribute = 101
	convolutionDilations    attribute = 102
	convolutionStrides      attribute = 103
	convolutionPostPaddings attribute = 104
	convolutionPrePaddings  attribute = 105
	convolutionDims         attribute = 106

	heuristicMode    attribute = 200
	heuristicGraph   attribute = 201
	heuristicResults attribute = 202

	configEngine attribute = 300
	configKnobs  attribute = 302

	planHandle    attribute = 400
	planConfig    attribute = 401
	planWorkspace attribute = 402

	knobType  attribute = 600
	knobValue attribute = 601

	// A convolution's alpha, beta and descriptor, and its tensors, follow these.
	convolveOutputAlpha  attribute = 700
	convolveImageAlpha   attribute = 706
	convolveKernelsAlpha attribute = 712

	pointwiseDescriptor attribute = 750
	pointwiseX          attribute = 751
	pointwiseB          attribute = 752
	pointwiseY          attribute = 753
	pointwiseAlpha1     attribute = 754
	pointwiseAlpha2     attribute = 755
	pointwiseDX         attribute = 756
	pointwiseDY         attribute = 757
	pointwiseT          attribute = 758

	graphHandle     attribute = 800
	graphOperations attribute = 801

	tensorAlignment  attribute = 900
	tensorDataType   attribute = 901
	tensorDimensions attribute = 902
	tensorStrides    attribute = 903
	tensorUID        attribute = 906
	tensorVirtual    attribute = 907
	tensorByValue    attribute = 908

	packUIDs      attribute = 1000
	packPointers  attribute = 1001
	packWorkspace attribute = 1003

	engineGraph          attribute = 1300
	engineIndex          attribute = 1301
	engineNumericalNotes attribute = 1303
	engineBehaviorNotes  attribute = 1305

	matmulCompute    attribute = 1500
	matmulA          attribute = 1520
	matmulB          attribute = 1521
	matmulC          attribute = 1522
	matmulDescriptor attribute = 1523

	reductionOperator   attribute = 1600
	reductionCompute    attribute = 1601
	reductionX          attribute = 1610
	reductionY          attribute = 1611
	reductionDescriptor attribute = 1612

	reshapeX attribute = 2200
	reshapeY attribute = 2201
)

// DataType is that of a tensor's elements, or of arithmetic.
type DataType int32

const (
	Float    DataType = 0
	Double   DataType = 1
	Half     DataType = 2
	Int32    DataType = 4
	BFloat16 DataType = 9
	Int64    DataType = 10
	Boolean  DataType = 11
)

// Mode is what a pointwise operation does.
type Mode int32

const (
	Add        Mode = 0
	Mul        Mode = 1
	Min        Mode = 2
	Max        Mode = 3
	Div        Mode = 6
	Sub        Mode = 9
	Exp        Mode = 13
	Log        Mode = 15
	Neg        Mode = 16
	Rsqrt      Mode = 17
	Identity   Mode = 21
	Reciprocal Mode = 22
	ReLU       Mode = 100
	ReLUBack   Mode = 200
	CompareEQ  Mode = 300
	CompareGT  Mode = 302
	CompareGE  Mode = 303
	CompareLT  Mode = 304
	CompareLE  Mode = 305
	GenIndex   Mode = 501
	Select     Mode = 601
)

// Reduction is what the elements of a reduction are joined by.
type Reduction int32

const (
	Sum     Reduction = 0
	Minimum Reduction = 2
	Maximum Reduction = 3
)

// Note is what an engine says of its numbers.
type Note int32

const (
	TensorCore             Note = 0
	DownConvertInputs      Note = 1
	ReducedPrecision       Note = 2
	FFT                    Note = 3
	Nondeterministic       Note = 4
	Winograd               Note = 5
	Winograd4              Note = 6
	Winograd6              Note = 7
	Winograd13             Note = 8
	StrictNaN              Note = 9
	noteCount                   = 16 // room for those of later versions
	runtimeCompilationNote      = 0  // a behavior
)

var notes = map[Note]string{TensorCore: "tensor cores", DownConvertInputs: "inputs rounded to 16 bits", ReducedPrecision: "sums of reduced precision",
	FFT: "FFT", Nondeterministic: "nondeterministic", Winograd: "Winograd", Winograd4: "Winograd on 4×4", Winograd6: "Winograd on 6×6",
	Winograd13: "Winograd on 13×13", StrictNaN: "strict NaN"}

// The modes of heuristics: B asks a network, A a table, and fallback lists what works for almost anything.
const (
	heuristicB        int32 = 1
	heuristicFallback int32 = 2
	heuristicA        int32 = 3
)

const crossCorrelation int32 = 1
