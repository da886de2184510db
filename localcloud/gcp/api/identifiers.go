package api

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"
	"strings"
	"time"
)

// SelfLink is a resource's URL in the Compute Engine API.
func SelfLink(id string) string { return "https://www.googleapis.com/compute/v1/" + id }

// LastSegment is the name at the end of a resource name.
func LastSegment(id string) string { return id[strings.LastIndex(id, "/")+1:] }

// Digits draws a decimal number of n digits without a leading zero, like Google's numeric IDs.
func Digits(n int) string {
	low := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n-1)), nil)
	v := draw(new(big.Int).Mul(low, big.NewInt(9)))
	return v.Add(v, low).String()
}

// HexDigits draws n hexadecimal digits.
func HexDigits(n int) string {
	return fmt.Sprintf("%0*x", n, draw(new(big.Int).Lsh(big.NewInt(1), uint(4*n))))
}

// NumericID draws an ID that a float64, and therefore the engine, represents exactly.
func NumericID() float64 {
	return float64(draw(big.NewInt(1<<52)).Int64() + 1<<52)
}

// draw draws a number below the limit.
func draw(limit *big.Int) *big.Int {
	v, err := rand.Int(rand.Reader, limit)
	if err != nil {
		panic(fmt.Sprintf("the system's random source failed: %v", err)) // documented never to happen
	}
	return v
}

// Fingerprint is the optimistic-lock value that Google derives from a resource's contents.
func Fingerprint(v any) string {
	raw, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("properties are always JSON: %v", err))
	}
	sum := sha256.Sum256(raw)
	return base64.StdEncoding.EncodeToString(sum[:8])
}

// timestamp formats a time as Compute Engine does.
func timestamp(t time.Time) string { return t.Format("2006-01-02T15:04:05.000-07:00") }
