package web

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestReadCheck(t *testing.T) {
	settings := phpSettings{time.Minute, time.Hour, ""}
	plain := readCheck("<?php", settings)
	require.Equal(t, checkPage{connect: time.Minute, read: time.Hour}, plain)
	page := readCheck(`<?php
const PAUSE_SECONDS = 7;
const LAST_READ     = "/tmp/last";
const PAUSES = array( 2006, 9001 );
$db->options( MYSQLI_OPT_CONNECT_TIMEOUT, 3 );
const SITE_PORT = 80;
const FILES = '/files';
const FILES_SECONDS = 5;
$db->options( MYSQLI_OPT_READ_TIMEOUT, 4 );`, settings)
	require.Equal(t, checkPage{tolerated: 7 * time.Second, lastRead: "/tmp/last", pauses: []int{2006, 9001}, connect: 3 * time.Second,
		read: 4 * time.Second, site: 80, shared: "/files", filesWait: 5 * time.Second}, page)
}
