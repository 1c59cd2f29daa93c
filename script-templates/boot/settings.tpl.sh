# shellcheck shell=sh
# settings: what the generator knows of this version of the release; assignments only.
# shellcheck disable=SC2034,SC2016 # other files use them; a value may hold a "$"
_boot_kit_version={{ kit_version }}
_boot_kind={{ kind }}
_boot_name={{ name }}
_boot_vsn={{ vsn }}
_boot_erts_vsn={{ erts_vsn }}
_boot_elixir={{ elixir }}
_boot_template={{ template }}
_boot_sizing={{ sizing }}
_boot_flags={{ flags }}
_boot_eval={{ eval }}
_boot_start_timeout={{ start_timeout }}
_boot_stop_timeout={{ stop_timeout }}
_boot_hook_timeout={{ hook_timeout }}
