#include account.sh
make_account
