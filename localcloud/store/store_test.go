package store

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

type item struct{ N int }

func TestWhatWasCommittedIsThereAfterAReopen(t *testing.T) {
	path := filepath.Join(t.TempDir(), "deep", "s.db")
	s, err := Open(path)
	require.NoError(t, err)
	require.NoError(t, s.Update(func(tx *Tx) error {
		require.NoError(t, tx.Put("things", "b", item{2}))
		return tx.Put("things", "a", item{1})
	}))
	undo := errors.New("undo")
	require.ErrorIs(t, s.Update(func(tx *Tx) error {
		require.NoError(t, tx.Put("things", "c", item{3}))
		require.NoError(t, tx.Delete("things", "a"))
		return undo
	}), undo)
	require.NoError(t, s.Close())

	s, err = Open(path)
	require.NoError(t, err)
	defer s.Close()
	var keys []string
	require.NoError(t, s.View(func(tx *Tx) error {
		return Each(tx, "things", func(k string, v item) error {
			keys = append(keys, k)
			assert.Equal(t, len(keys), v.N)
			return nil
		})
	}))
	assert.Equal(t, []string{"a", "b"}, keys, "in order, and without what was undone")
}

func TestMissingBucketsAndKeys(t *testing.T) {
	s, err := Open(filepath.Join(t.TempDir(), "s.db"))
	require.NoError(t, err)
	defer s.Close()
	require.NoError(t, s.Update(func(tx *Tx) error {
		var v item
		ok, err := tx.Get("none", "a", &v)
		assert.False(t, ok)
		require.NoError(t, err)
		require.NoError(t, tx.Delete("none", "a"))
		require.NoError(t, Each(tx, "none", func(string, item) error { return errors.New("nothing to see") }))
		require.NoError(t, tx.Put("some", "a", item{1}))
		ok, err = tx.Get("some", "b", &v)
		assert.False(t, ok)
		return err
	}))
	require.NoError(t, s.Update(func(tx *Tx) error { return tx.Put("some", "text", "not an item") }))
	require.ErrorContains(t, s.View(func(tx *Tx) error {
		_, err := tx.Get("some", "text", &item{})
		return err
	}), `some "text"`)
}

func TestTheFileIsTheOwnersAlone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state", "s.db")
	s, err := Open(path)
	require.NoError(t, err)
	defer s.Close()
	for p, want := range map[string]os.FileMode{path: 0o600, filepath.Dir(path): 0o700} {
		info, err := os.Stat(p)
		require.NoError(t, err)
		assert.Equal(t, want, info.Mode().Perm(), p)
	}
	_, err = Open(path)
	require.ErrorContains(t, err, "held by another process")
}
