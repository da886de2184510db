package site

import (
	"fmt"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
)

// charsets are MySQL's character sets of one byte. Its latin1 is Windows' code page 1252.
var charsets = map[string]encoding.Encoding{
	"latin1": charmap.Windows1252, "latin2": charmap.ISO8859_2, "latin5": charmap.ISO8859_9, "latin7": charmap.ISO8859_13,
	"cp1250": charmap.Windows1250, "cp1251": charmap.Windows1251, "cp1256": charmap.Windows1256, "cp1257": charmap.Windows1257,
	"greek": charmap.ISO8859_7, "hebrew": charmap.ISO8859_8, "koi8r": charmap.KOI8R, "koi8u": charmap.KOI8U,
	"cp850": charmap.CodePage850, "cp852": charmap.CodePage852, "cp866": charmap.CodePage866,
}

func isUTF8(charset string) bool {
	switch charset {
	case "utf8", "utf8mb3", "utf8mb4", "binary", "ascii":
		return true
	}
	return false
}

// checkCharset returns an error for literals that cannot be converted.
func checkCharset(charset string) error {
	if isUTF8(charset) || charsets[charset] != nil {
		return nil
	}
	return fmt.Errorf("the dump is in the character set %s, which movein cannot convert: dump it again with --default-character-set=utf8mb4", charset)
}

func ascii(b []byte) bool {
	for _, c := range b {
		if c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// decode returns a text in UTF-8. Bytes that are in no character set become U+FFFD, and ok is false.
func decode(b []byte, charset string) (text []byte, ok bool) {
	if e := charsets[charset]; e != nil {
		text, err := e.NewDecoder().Bytes(b)
		return text, err == nil
	}
	if utf8.Valid(b) {
		return b, true
	}
	return []byte(string([]rune(string(b)))), false
}

// twice reports whether a text looks as if UTF-8 had been taken for latin1 and encoded again: "Ã¼" for "ü".
func twice(text []byte) bool {
	once, err := charmap.Windows1252.NewEncoder().Bytes(text)
	return err == nil && !ascii(once) && utf8.Valid(once)
}
