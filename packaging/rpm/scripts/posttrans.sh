#include service.sh
restart_service() { systemctl try-restart pgrouted.service; }
# After everything of this transaction is in its place. At the first installation nothing runs yet.
restart_if_running
