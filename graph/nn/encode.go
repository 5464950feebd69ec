package nn

import "encoding/json"

// layerList is a list of layers that marshals as Parse reads it.
type layerList []Layer

func (list layerList) MarshalJSON() ([]byte, error) {
	entries := make([]json.RawMessage, len(list))
	for i, l := range list {
		attributes, err := json.Marshal(l)
		if err != nil {
			return nil, err
		}
		var entry any = map[string]json.RawMessage{l.kind(): attributes}
		if attributes[0] == '"' || string(attributes) == "{}" {
			entry = l.kind()
		}
		if entries[i], err = json.Marshal(entry); err != nil {
			return nil, err
		}
	}
	return json.Marshal(entries)
}

// description is a model in JSON.
type description struct {
	Input  []int     `json:"input"`
	Loss   string    `json:"loss"`
	Layers layerList `json:"layers"`
}

// MarshalJSON writes the model as Parse reads it, with all attributes spelt out.
func (m *Model) MarshalJSON() ([]byte, error) {
	return json.Marshal(description{m.Input, m.Loss, m.Layers})
}
