package random

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"math/big"

	"golang.org/x/crypto/bcrypt"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
)

const (
	lowerLetters = "abcdefghijklmnopqrstuvwxyz"
	upperLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	digits       = "0123456789"
	specials     = "!@#$%&*()-_=+[]{}<>:?"
)

// noID is the ID of a resource without a public part.
const noID = "none"

// class is a class of characters and their minimum number in a result.
type class struct {
	name, minimum resource.PropertyKey
	letters       string
}

func classes(in inputs) []class {
	special := specials
	if override := in.text("overrideSpecial"); override != "" {
		special = override
	}
	return []class{
		{"lower", "minLower", lowerLetters},
		{"upper", "minUpper", upperLetters},
		{"numeric", "minNumeric", digits},
		{"special", "minSpecial", special},
	}
}

func verifyCharacters(in inputs) (failures []plugin.CheckFailure) {
	sum, some := 0, false
	for _, c := range classes(in) {
		sum += in.number(c.minimum)
		some = some || in.flag(c.name)
	}
	if length := in.number("length"); length < sum {
		failures = append(failures, plugin.CheckFailure{Property: "length", Reason: fmt.Sprintf(
			"length is %d, less than minLower, minUpper, minNumeric and minSpecial together, %d", length, sum)})
	}
	if !some {
		failures = append(failures, plugin.CheckFailure{
			Property: "lower", Reason: "one of lower, upper, numeric and special must be true"})
	}
	return failures
}

// characterString draws a string. As in the published provider, a disabled class still contributes its minimum.
func characterString(in inputs) (string, error) {
	var drawn, all []rune
	for _, c := range classes(in) {
		letters := []rune(c.letters)
		if in.flag(c.name) {
			all = append(all, letters...)
		}
		some, err := choose(letters, in.number(c.minimum))
		if err != nil {
			return "", err
		}
		drawn = append(drawn, some...)
	}
	rest, err := choose(all, in.number("length")-len(drawn))
	if err != nil {
		return "", err
	}
	drawn = append(drawn, rest...)
	if err := shuffle(drawn); err != nil {
		return "", err
	}
	return string(drawn), nil
}

func choose(letters []rune, count int) ([]rune, error) {
	drawn := make([]rune, count)
	for i := range drawn {
		n, err := below(len(letters))
		if err != nil {
			return nil, err
		}
		drawn[i] = letters[n]
	}
	return drawn, nil
}

// shuffle is a Fisher-Yates shuffle.
func shuffle(letters []rune) error {
	for i := len(letters) - 1; i > 0; i-- {
		j, err := below(i + 1)
		if err != nil {
			return err
		}
		letters[i], letters[j] = letters[j], letters[i]
	}
	return nil
}

// below draws a uniformly distributed number from 0 to limit-1.
func below(limit int) (int, error) {
	n, err := rand.Int(rand.Reader, big.NewInt(int64(limit)))
	if err != nil {
		return 0, err
	}
	return int(n.Int64()), nil
}

func drawString(in inputs) (string, map[resource.PropertyKey]string, error) {
	result, err := characterString(in)
	return result, map[resource.PropertyKey]string{"result": result}, err
}

func drawPassword(in inputs) (string, map[resource.PropertyKey]string, error) {
	result, err := characterString(in)
	if err != nil {
		return "", nil, err
	}
	hashed := []byte(result)
	if len(hashed) > 72 { // bcrypt accepts no more
		hashed = hashed[:72]
	}
	hash, err := bcrypt.GenerateFromPassword(hashed, bcrypt.DefaultCost)
	if err != nil {
		return "", nil, err
	}
	return noID, map[resource.PropertyKey]string{"result": result, "bcryptHash": string(hash)}, nil
}

func drawBytes(in inputs) (string, map[resource.PropertyKey]string, error) {
	bytes := make([]byte, in.number("length"))
	if _, err := rand.Read(bytes); err != nil {
		return "", nil, err
	}
	return noID, map[resource.PropertyKey]string{
		"base64": base64.StdEncoding.EncodeToString(bytes),
		"hex":    hex.EncodeToString(bytes),
	}, nil
}

func drawID(in inputs) (string, map[resource.PropertyKey]string, error) {
	bytes := make([]byte, in.number("byteLength"))
	if _, err := rand.Read(bytes); err != nil {
		return "", nil, err
	}
	id, prefix := base64.RawURLEncoding.EncodeToString(bytes), in.text("prefix")
	return id, map[resource.PropertyKey]string{
		"b64Url": prefix + id,
		"b64Std": prefix + base64.StdEncoding.EncodeToString(bytes),
		"hex":    prefix + hex.EncodeToString(bytes),
		"dec":    prefix + new(big.Int).SetBytes(bytes).String(),
	}, nil
}
