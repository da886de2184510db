// Package store keeps records of the local cloud as JSON in one bbolt file. A transaction that returned without an
// error is on disk: a killed process loses nothing that was acknowledged, and never leaves half a transaction.
package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"go.etcd.io/bbolt"
)

// Store is an open file. Reads run concurrently, writes one at a time.
type Store struct{ db *bbolt.DB }

// Tx is one transaction, valid only inside the function it is given to.
type Tx struct{ tx *bbolt.Tx }

// Open opens or creates the file at path, readable only by its owner. It fails after a second if another process holds
// the file.
func Open(path string) (*Store, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("the store's folder: %w", err)
	}
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{Timeout: time.Second})
	if errors.Is(err, bbolt.ErrTimeout) {
		return nil, fmt.Errorf("the store %s is held by another process: stop that one first", path)
	}
	if err != nil {
		return nil, fmt.Errorf("the store %s: %w", path, err)
	}
	return &Store{db: db}, nil
}

// Close waits for the transactions under way and closes the file.
func (s *Store) Close() error { return s.db.Close() }

// View runs fn on a consistent snapshot.
func (s *Store) View(fn func(*Tx) error) error {
	return s.db.View(func(tx *bbolt.Tx) error { return fn(&Tx{tx}) })
}

// Update runs fn in a transaction that is committed and synced if fn returns nil, and rolled back otherwise.
func (s *Store) Update(fn func(*Tx) error) error {
	return s.db.Update(func(tx *bbolt.Tx) error { return fn(&Tx{tx}) })
}

// Get decodes the value of key into the pointer and says whether there was one.
func (t *Tx) Get(bucket, key string, into any) (bool, error) {
	b := t.tx.Bucket([]byte(bucket))
	if b == nil {
		return false, nil
	}
	raw := b.Get([]byte(key))
	if raw == nil {
		return false, nil
	}
	if err := json.Unmarshal(raw, into); err != nil {
		return false, fmt.Errorf("the store's %s %q: %w", bucket, key, err)
	}
	return true, nil
}

// Put writes the value of key.
func (t *Tx) Put(bucket, key string, value any) error {
	b, err := t.tx.CreateBucketIfNotExists([]byte(bucket))
	if err != nil {
		return fmt.Errorf("the store's %s: %w", bucket, err)
	}
	raw, err := json.Marshal(value)
	if err != nil {
		return fmt.Errorf("the store's %s %q: %w", bucket, key, err)
	}
	if err := b.Put([]byte(key), raw); err != nil {
		return fmt.Errorf("the store's %s %q: %w", bucket, key, err)
	}
	return nil
}

// Delete removes key; a key that is not there is no error.
func (t *Tx) Delete(bucket, key string) error {
	b := t.tx.Bucket([]byte(bucket))
	if b == nil {
		return nil
	}
	return b.Delete([]byte(key))
}

// Each calls fn for every value of a bucket in the order of the keys. fn must not write to the same bucket.
func Each[T any](t *Tx, bucket string, fn func(key string, value T) error) error {
	b := t.tx.Bucket([]byte(bucket))
	if b == nil {
		return nil
	}
	return b.ForEach(func(k, raw []byte) error {
		var value T
		if err := json.Unmarshal(raw, &value); err != nil {
			return fmt.Errorf("the store's %s %q: %w", bucket, k, err)
		}
		return fn(string(k), value)
	})
}
