<?php
/**
 * Plugin Name: Geo WordPress: core by the image
 * Description: WordPress itself is the container image's. Updated in the dashboard it would change in one pod, and the database of all regions with it; the pod's next start would bring the old code back.
 */
add_filter(
	'map_meta_cap',
	function ( $caps, $cap ) {
		return 'update_core' === $cap ? array( 'do_not_allow' ) : $caps;
	},
	10,
	2
);

/** The notice on the page of updates, and on the dashboard in place of WordPress's own when there is a newer version. */
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
				'WordPress itself is not updated here: it is part of the container image and the same in all regions. ' .
				'Whoever runs the stack sets images.wordpress to the new version and runs pulumi up. ' .
				'Plugins, themes and translations are updated here.'
			)
		);
	},
	1
);
