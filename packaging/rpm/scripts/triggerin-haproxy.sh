#include account.sh
#include service.sh
restart_service() { systemctl try-restart pgrouted.service; }
# HAProxy was installed or upgraded. Groups are given to a process when it starts.
if join_haproxy; then restart_if_running; fi
