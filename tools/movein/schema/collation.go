package schema

import "strings"

// The collations of the result. TiDB 8.5 also has utf8mb4_unicode_ci and utf8mb4_0900_ai_ci; the declared WordPress uses
// this one for tables that it creates, and TiDB refuses to compare columns of different collations.
const (
	Collation = "utf8mb4_general_ci"
	Binary    = "utf8mb4_bin"
	// Exact also tells trailing spaces apart. Whatever a key held, it holds under this collation.
	Exact = "utf8mb4_0900_bin"
)

// mapped returns the collation for one of MySQL or MariaDB.
func mapped(collation string) string {
	switch {
	case collation == Exact:
		return Exact
	case collation == "binary" || strings.HasSuffix(collation, "_bin") || strings.HasSuffix(collation, "_cs"):
		return Binary
	}
	return Collation
}

// charsetOf returns the character set of a collation: utf8mb4 of utf8mb4_bin. MariaDB's uca1400_ai_ci names none.
func charsetOf(collation string) string {
	charset, _, _ := strings.Cut(collation, "_")
	if charset == "uca1400" {
		return "utf8mb4"
	}
	return charset
}

// grows reports whether texts of a character set may need more bytes in UTF-8.
func grows(charset string) bool {
	switch charset {
	case "utf8", "utf8mb3", "utf8mb4", "ascii", "binary":
		return false
	}
	return true
}
