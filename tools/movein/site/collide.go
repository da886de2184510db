package site

import (
	"bytes"
	"hash/maphash"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// keyLimit is how many values of a key are compared: some 100 MB.
const keyLimit = 3_000_000

// keys finds values that differ and that utf8mb4_general_ci takes for equal.
type keys struct {
	seed maphash.Seed
	// folded values, and what they were before
	seen map[uint64]uint64
	// Examples are some of those that equal an earlier one; Count is how many there are. Full: not all were compared.
	Examples []string
	Count    int
	Full     bool
}

func newKeys() *keys { return &keys{seed: maphash.MakeSeed(), seen: map[uint64]uint64{}} }

// add compares a value, folded and as it is, with earlier ones.
func (k *keys) add(folded, value []byte) {
	if k.seen == nil { // the table's rows are in two places
		k.Full = true
		return
	}
	key, whole := maphash.Bytes(k.seed, folded), maphash.Bytes(k.seed, value)
	before, ok := k.seen[key]
	switch {
	case ok && before != whole:
		k.Count++
		if len(k.Examples) < 5 {
			k.Examples = append(k.Examples, strings.TrimRight(string(bytes.ReplaceAll(value, []byte{0}, []byte(" "))), " "))
		}
	case !ok && len(k.seen) >= keyLimit:
		k.Full = true
	case !ok:
		k.seen[key] = whole
	}
}

// fold returns a text such that texts that utf8mb4_general_ci takes for equal are equal. It folds some 130 rare letters
// that the collation tells apart: an alarm may be false, but none is missing.
func fold(text []byte) []byte {
	for len(text) > 0 && text[len(text)-1] == ' ' {
		text = text[:len(text)-1]
	}
	out := make([]byte, 0, len(text))
	for len(text) > 0 {
		r, n := utf8.DecodeRune(text)
		text = text[n:]
		out = utf8.AppendRune(out, weight(r))
	}
	return out
}

// weight is a letter without its accent, in upper case. The collation knows the letters of some blocks only, and takes all
// characters above U+FFFF for one.
func weight(r rune) rune {
	if r < utf8.RuneSelf {
		return unicode.ToUpper(r)
	}
	switch {
	case r > 0xffff:
		return 0xfffd
	case r == 'ß':
		return 'S'
	case r == 'ϲ':
		return 'Σ'
	}
	switch r >> 8 {
	case 0, 1, 2, 3, 4, 5, 0x1e, 0x1f, 0x21, 0x24, 0xff:
	default:
		return r
	}
	first, _ := utf8.DecodeRuneInString(norm.NFD.String(string(r)))
	if upper := unicode.ToUpper(first); upper <= 0xffff {
		return upper
	}
	return first
}
