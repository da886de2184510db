<?php
/**
 * Plugin Name: Geo WordPress: no core updates
 * Description: WordPress itself is part of the container image. An update in the dashboard would change one pod's code and the database of all regions, and the pod's next start would restore the old code.
 */
add_filter(
	'map_meta_cap',
	function ( $caps, $cap ) {
		return 'update_core' === $cap ? array( 'do_not_allow' ) : $caps;
	},
	10,
	2
);

/** Shows a notice on the updates page and, if there is a newer version, on the dashboard instead of WordPress's own. */
add_action(
	'admin_notices',
	function () {
		remove_action( 'admin_notices', 'update_nag', 3 );
		$screen = get_current_screen();
		$newer  = function_exists( 'get_preferred_from_update_core' ) ? get_preferred_from_update_core() : false;
		$newer  = is_object( $newer ) && 'upgrade' === ( $newer->response ?? '' ) ? $newer->current : '';
		$shown  = $screen && ( 'update-core' === $screen->id || 'dashboard' === $screen->id && $newer );
		if ( ! $shown || ! current_user_can( 'update_plugins' ) ) {
			return;
		}
		printf(
			'<div class="notice notice-info geo-wordpress-core"><p>%s%s</p></div>',
			$newer ? esc_html( "WordPress $newer is available. " ) : '',
			esc_html(
				'WordPress itself cannot be updated here, because it is part of the container image in all regions. ' .
				'To update it, set wordpressImage to the new version and run pulumi up. ' .
				'Plugins, themes and translations can be updated here.'
			)
		);
	},
	1
);
