<?php
/** $wpdb for a visitor's page: it reads from the nearest replicas, what they had at most GEO_WORDPRESS_STALENESS seconds ago. */
final class Geo_WordPress_Visitor_DB extends wpdb {
	/** Whether reads may still be stale. */
	private bool $stale = true;
	/** The connection on which they are. A new one, after an interruption, begins without. */
	private ?mysqli $session = null;

	/** Takes over a connected wpdb. */
	public static function from( wpdb $other ): self {
		$db   = ( new ReflectionClass( self::class ) )->newInstanceWithoutConstructor();
		$copy = function ( wpdb $other ): void { // wpdb has private properties
			foreach ( get_object_vars( $other ) as $name => $value ) {
				$this->$name = $value;
			}
		};
		Closure::bind( $copy, $db, wpdb::class )( $other );
		// Whoever schedules events replaces the list of all events, so he must have read the newest list.
		foreach ( array( 'pre_schedule_event', 'pre_reschedule_event', 'pre_unschedule_event', 'pre_clear_scheduled_hook', 'pre_unschedule_hook' ) as $hook ) {
			add_filter(
				$hook,
				function ( $answer ) use ( $db ) {
					$db->read_newest();
					return $answer;
				},
				PHP_INT_MIN
			);
		}
		// WordPress makes a menu for a site that has none. Until stale reads see it, every visitor's page would make one
		// more. Without, the page lists the pages, as the menu would.
		add_filter( 'wp_navigation_should_create_fallback', fn( $creates ) => $creates && ! $db->stale, PHP_INT_MAX );
		return $db;
	}

	/**
	 * Executes a statement. What fails as a stale read is read again as it is now: the table may be new, or the moment
	 * too old.
	 */
	public function query( $query ) {
		if ( ! $this->stale ) {
			return parent::query( $query );
		}
		if ( ! geo_wordpress_reads( (string) $query ) ) {
			$this->read_newest();
			return parent::query( $query );
		}
		if ( $this->dbh instanceof mysqli && $this->session !== $this->dbh ) {
			$this->session = $this->dbh;
			if ( ! $this->set( -GEO_WORDPRESS_STALENESS, 'closest-replicas' ) ) {
				$this->stale = false;
				return parent::query( $query );
			}
		}
		$suppressed = $this->suppress_errors( true );
		$result     = parent::query( $query );
		$this->suppress_errors( $suppressed );
		if ( false !== $result ) {
			return $result;
		}
		if ( ! $suppressed ) {
			error_log( 'geo-wordpress: this page reads the newest data, because a stale read failed: ' . $this->last_error );
		}
		$this->read_newest();
		return parent::query( $query );
	}

	/** Lets all further statements read the newest data. */
	public function read_newest(): void {
		if ( ! $this->stale ) {
			return;
		}
		$this->stale = false;
		if ( null !== $this->session && $this->session === $this->dbh ) {
			$this->set( 0, 'leader' );
		}
		// What the request has read so far may be old.
		if ( function_exists( 'wp_cache_delete_multiple' ) && isset( $GLOBALS['wp_object_cache'] ) ) {
			wp_cache_delete_multiple( array( 'alloptions', 'notoptions', 'cron' ), 'options' );
		}
	}

	/** Says whether the session took the settings. */
	private function set( int $staleness, string $replicas ): bool {
		try {
			$taken = mysqli_query( $this->dbh, "SET tidb_read_staleness = $staleness, tidb_replica_read = '$replicas'" );
		} catch ( mysqli_sql_exception $e ) {
			$taken = false;
		}
		if ( ! $taken ) {
			error_log( "geo-wordpress: cannot set how this page reads ($staleness, $replicas): " . mysqli_error( $this->dbh ) );
		}
		return $taken;
	}
}
