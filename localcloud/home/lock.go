package home

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// ErrLocked means that a daemon runs on the home.
var ErrLocked = errors.New("a local cloud is already running on this state")

// Lock is the right to use a home's state. It ends with the process that holds it, however that ends.
type Lock struct{ file *os.File }

// Lock takes the lock of an existing home. It fails with ErrLocked if another process holds it.
func (h Home) Lock() (*Lock, error) {
	file, err := os.OpenFile(h.join("lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	err = syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	// Holder takes the lock for a moment too.
	for try := 0; try < 10 && errors.Is(err, syscall.EWOULDBLOCK); try++ {
		time.Sleep(20 * time.Millisecond)
		err = syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	}
	if err != nil {
		_ = file.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, fmt.Errorf("%s: %w", h, ErrLocked)
		}
		return nil, fmt.Errorf("lock %s: %w", file.Name(), err)
	}
	if err := writePID(file); err != nil {
		_ = file.Close()
		return nil, err
	}
	return &Lock{file}, nil
}

func writePID(file *os.File) error {
	if err := file.Truncate(0); err != nil {
		return err
	}
	_, err := file.WriteAt([]byte(strconv.Itoa(os.Getpid())), 0)
	return err
}

// Release releases the lock.
func (l *Lock) Release() error { return l.file.Close() }

// Holder returns the PID of the process that holds the home's lock, or 0 if none does.
func (h Home) Holder() (int, error) {
	file, err := os.Open(h.join("lock"))
	if errors.Is(err, os.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	defer file.Close()
	// A shared lock is granted unless somebody holds the exclusive lock.
	err = syscall.Flock(int(file.Fd()), syscall.LOCK_SH|syscall.LOCK_NB)
	if err == nil {
		return 0, nil
	}
	if !errors.Is(err, syscall.EWOULDBLOCK) {
		return 0, err
	}
	content, err := io.ReadAll(io.LimitReader(file, 32))
	if err != nil {
		return 0, err
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(content)))
	if err != nil || pid <= 0 {
		// The holder has not written its PID yet.
		return 0, fmt.Errorf("%s: a local cloud is starting or stopping: try again", h)
	}
	return pid, nil
}
