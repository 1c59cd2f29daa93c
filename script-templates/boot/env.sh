# shellcheck shell=sh
# env: settings of this release, read before every command.
#
# This one is empty. Put a file of your own at rel/boot/env.sh: it takes this one's place. Assign
# RELEASE_NODE, RELEASE_DISTRIBUTION, RELEASE_TMP, BOOT_STATE_DIR, ... or variables for your hooks;
# what you export reaches the node.
