package fingerprint

import "testing"

type older struct {
	Type   *string
	Labels map[string]string
	Disks  []*string
}

type newer struct {
	Type   *string
	Spot   *bool
	Labels map[string]string
	Disks  []*string
}

func TestOnlyWhatIsSetCounts(t *testing.T) {
	print := func(value interface{}) string {
		text, err := of([]interface{}{value, 2})
		if err != nil || len(text) != 16 {
			t.Fatalf("%q, %v", text, err)
		}
		return text
	}
	small, large := "e2-standard-2", "e2-standard-4"
	labels := map[string]string{"a": "1", "b": "2"}
	first := print(older{&small, labels, []*string{&small}})
	if again := print(newer{&small, nil, labels, []*string{&small}}); again != first {
		t.Error("a field more that is not set is a change")
	}
	yes := true
	for what, other := range map[string]interface{}{
		"another machine type": older{&large, labels, []*string{&small}},
		"none":                 older{nil, labels, []*string{&small}},
		"another label":        older{&small, map[string]string{"a": "1", "b": "3"}, []*string{&small}},
		"a disk more":          older{&small, labels, []*string{&small, &small}},
		"a new field":          newer{&small, &yes, labels, []*string{&small}},
	} {
		if print(other) == first {
			t.Errorf("%s is no change", what)
		}
	}
}
