package random

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"math/big"

	"golang.org/x/crypto/bcrypt"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// The characters of passwords.
const (
	plainCharacters   = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	specialCharacters = "!@#$%&*()-_=+[]{}<>:?"
)

// noID is the ID of resources: it is never secret.
const noID = "none"

func drawPassword(in map[string]any) (map[resource.PropertyKey]string, error) {
	characters := plainCharacters
	if in["special"] == true {
		characters += specialCharacters
	}
	result := make([]byte, int(in["length"].(float64)))
	for i := range result {
		n, err := rand.Int(rand.Reader, big.NewInt(int64(len(characters))))
		if err != nil {
			return nil, err
		}
		result[i] = characters[n.Int64()]
	}
	hash, err := bcrypt.GenerateFromPassword(result[:min(len(result), 72)], bcrypt.DefaultCost) // bcrypt accepts no more
	if err != nil {
		return nil, fmt.Errorf("hash the password: %w", err)
	}
	return map[resource.PropertyKey]string{"result": string(result), "bcryptHash": string(hash)}, nil
}

func drawBytes(in map[string]any) (map[resource.PropertyKey]string, error) {
	bytes := make([]byte, int(in["length"].(float64)))
	if _, err := rand.Read(bytes); err != nil {
		return nil, err
	}
	return map[resource.PropertyKey]string{
		"base64": base64.StdEncoding.EncodeToString(bytes),
		"hex":    hex.EncodeToString(bytes),
	}, nil
}
